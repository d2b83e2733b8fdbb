import { sql } from 'kysely';
import { AuditRepository, AuditTrail } from '../../src/access/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase<never>;
let trail: AuditTrail;
const entry = (n: number, details = {}) => ({
  actor: 'system:test',
  action: 'campaign.approved',
  subject: `campaign:${n}`,
  details,
});
const tamper = async (statement: string): Promise<void> => {
  await sql.raw(`drop trigger audit_entry_append_only on audit_entry; ${statement}`).execute(database.db);
};

beforeEach(async () => {
  database = await testDatabase();
  trail = new AuditTrail(new AuditRepository(database.db), new FixedClock(new Date('2026-09-14T07:00:00Z')));
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

describe('the audit trail', () => {
  it('verifies what it recorded, whatever shape the details have', async () => {
    await trail.record(entry(1));
    await trail.record(
      entry(2, { zebra: 1, aardvark: [1.5, { b: null, a: true }], ключ: 'é \u{1F600} "quoted"', n: -0 }),
    );
    expect(await trail.verify()).toMatchObject({ ok: true, entries: 2 });
  });

  it('is intact when it is empty', async () => {
    expect(await trail.verify()).toMatchObject({ ok: true, entries: 0 });
  });

  it('refuses update, delete and truncate', async () => {
    await trail.record(entry(1));
    for (const attempt of [`update audit_entry set actor = 'x'`, 'delete from audit_entry', 'truncate audit_entry']) {
      await expect(sql.raw(attempt).execute(database.db)).rejects.toThrow('append-only');
    }
  });

  it('forms one chain without gaps under concurrent writers, some of which roll back', async () => {
    const writes = Array.from({ length: 40 }, async (_, n) => {
      await database.db.transaction().execute(async (trx) => {
        await trail.record(entry(n), trx);
        if (n % 4 === 0) throw new Error('rolled back');
      });
    });
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(10);
    expect(await trail.verify()).toMatchObject({ ok: true, entries: 30 });
  });

  it.each([
    ['a changed value', `update audit_entry set actor = 'person:other' where sequence = 3`, 3, 'altered'],
    ['a changed time', `update audit_entry set at = at + interval '1 second' where sequence = 2`, 2, 'altered'],
    ['changed details', `update audit_entry set details = '{"n": 2}' where sequence = 1`, 1, 'altered'],
    ['a removed entry', 'delete from audit_entry where sequence = 3', 3, 'missing'],
    ['a removed beginning', 'delete from audit_entry where sequence <= 2', 1, 'missing'],
    ['a removed tail', 'delete from audit_entry where sequence >= 5', 5, 'missing'],
    ['a removed recorded end', 'delete from audit_head', 1, 'added'],
    ['two entries swapped', `update audit_entry set sequence = -sequence + 100 where sequence in (2, 3)`, 2, 'missing'],
  ])('names the entry with %s', async (_, statement, sequence, fault) => {
    for (let n = 1; n <= 6; n += 1) await trail.record(entry(n));
    await tamper(statement);
    expect(await trail.verify()).toEqual({ ok: false, sequence, fault });
  });

  it('names an altered entry whose hash was made to fit, in the middle and at the end', async () => {
    const recorded = [await trail.record(entry(1)), await trail.record(entry(2)), await trail.record(entry(3))];
    await tamper('select 1');
    for (const target of [3, 2]) {
      const forger = new AuditTrail(new AuditRepository(database.db), new FixedClock(new Date(0)));
      await sql`update audit_head set sequence = ${target - 1}, hash = ${recorded[target - 2]!.hash}`.execute(
        database.db,
      );
      await sql`delete from audit_entry where sequence = ${target}`.execute(database.db);
      await forger.record(entry(99));
      await sql`update audit_head set sequence = 3, hash = ${recorded[2]!.hash}`.execute(database.db);
      expect(await trail.verify()).toEqual({ ok: false, sequence: target, fault: 'altered' });
    }
  });

  it('reads newest first, by subject and by key', async () => {
    for (let n = 1; n <= 5; n += 1) await trail.record(entry(n % 2));
    const first = await trail.entries({ limit: 2 });
    expect(first.map((e) => e.sequence)).toEqual([5, 4]);
    expect((await trail.entries({ before: 4, limit: 2 })).map((e) => e.sequence)).toEqual([3, 2]);
    expect((await trail.entries({ subject: 'campaign:0', limit: 9 })).map((e) => e.sequence)).toEqual([4, 2]);
  });
});
