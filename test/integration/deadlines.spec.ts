import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import ExcelJS from 'exceljs';
import { sql } from 'kysely';
import { AuditModule, AuditTrail } from '../../src/access/index.js';
import {
  type Actor,
  blockerOf,
  DeadlinesModule,
  DeadlinesService,
  type DeadlinesTables,
  DECLARATION_STATUSES,
  DeclarationFeed,
  DEFAULT_REMINDER_POLICY,
} from '../../src/deadlines/index.js';
import { type DirectoryTables } from '../../src/directory/index.js';
import { ConfigModule, loadConfig } from '../../src/platform/config/index.js';
import { DatabaseModule } from '../../src/platform/database/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../../src/shared/errors.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const BY = 'person:testa';
const clock = new FixedClock(new Date('2026-09-01T08:00:00Z'));
const september = {
  name: 'September 2026',
  cutoff: '2026-09-18T12:00',
  reopening: '2026-09-23T08:00',
  pcse: '2026-09-28T08:00',
  signInChange: '2026-09-23T08:00',
};
const moved = {
  cutoff: '2026-09-21T12:00',
  reopening: '2026-09-24T08:00',
  pcse: '2026-09-29T08:00',
  signInChange: null,
};

let database: TestDatabase<DeadlinesTables & DirectoryTables>;
let app: TestingModule;
let deadlines: DeadlinesService;
let feed: DeclarationFeed;

beforeAll(async () => {
  database = await testDatabase();
  app = await Test.createTestingModule({
    imports: [
      ConfigModule.with(loadConfig({}), clock),
      DatabaseModule.on(database.server),
      AuditModule,
      DeadlinesModule,
    ],
  }).compile();
  deadlines = app.get(DeadlinesService);
  feed = app.get(DeclarationFeed);
});
beforeEach(async () => {
  clock.moveTo(new Date('2026-09-01T08:00:00Z'));
  // The replica role passes over the triggers that keep the history append-only.
  await sql
    .raw(
      `begin; set local session_replication_role = replica;
       truncate declaration_window, declaration_window_change, declaration, organisation, import_batch cascade; commit`,
    )
    .execute(database.db);
});
afterAll(async () => {
  await app.close();
  await database[Symbol.asyncDispose]();
});

describe('declaration windows', () => {
  it('come back as they were given, by id and by name', async () => {
    const created = await deadlines.createWindow(september, BY);
    expect(await deadlines.window(created.id)).toEqual(created);
    expect(await deadlines.window('September 2026')).toEqual(created);
    expect(created).toMatchObject({ version: 1, service: null, period: null, createdAt: clock.now() });
    expect(JSON.parse(JSON.stringify(created))).toMatchObject({
      cutoff: '2026-09-18T12:00',
      reopening: '2026-09-23T08:00',
      pcse: '2026-09-28T08:00',
      signInChange: '2026-09-23T08:00',
    });
  });

  it('keep beside each wall clock the instant it means, summer and winter', async () => {
    const winter = {
      name: 'Winter',
      cutoff: '2026-12-18T12:00',
      reopening: '2026-12-23T08:00',
      pcse: '2026-12-29T08:00',
    };
    await deadlines.createWindow(september, BY);
    await deadlines.createWindow(winter, BY);
    const rows = await database.db
      .selectFrom('declaration_window')
      .select(['cutoff', 'cutoff_at', 'sign_in_change_at'])
      .orderBy('cutoff_at')
      .execute();
    expect(rows).toEqual([
      {
        cutoff: '2026-09-18T12:00:00',
        cutoff_at: new Date('2026-09-18T11:00:00Z'),
        sign_in_change_at: new Date('2026-09-23T07:00:00Z'),
      },
      { cutoff: '2026-12-18T12:00:00', cutoff_at: new Date('2026-12-18T12:00:00Z'), sign_in_change_at: null },
    ]);
  });

  it('are open until their cutoff', async () => {
    await deadlines.createWindow(september, BY);
    clock.moveTo(new Date('2026-09-18T10:59:59Z'));
    expect(await deadlines.openWindows()).toHaveLength(1);
    clock.moveTo(new Date('2026-09-18T11:00:00Z'));
    expect(await deadlines.openWindows()).toEqual([]);
    expect(await deadlines.windows()).toHaveLength(1);
  });

  it('refuse a name twice, dates out of order and an unknown id', async () => {
    await deadlines.createWindow(september, BY);
    await expect(deadlines.createWindow(september, BY)).rejects.toThrow(ConflictError);
    await expect(deadlines.createWindow({ ...september, name: 'Other', pcse: '2026-09-20T08:00' }, BY)).rejects.toThrow(
      /^pcse: Expected a time not before the reopening/,
    );
    for (const unknown of ['no-such-window', 'no\u0000window'])
      await expect(deadlines.window(unknown)).rejects.toThrow(NotFoundError);
    expect(await deadlines.windows()).toHaveLength(1);
  });

  it('leave a trace of who made and moved them', async () => {
    const { id } = await deadlines.createWindow(september, BY);
    await deadlines.moveCutoff(id, moved, 1, 'person:other');
    const entries = await app.get(AuditTrail).entries({ subject: `declaration-window:${id}`, limit: 10 });
    expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
      ['declaration-window.moved', 'person:other'],
      ['declaration-window.created', BY],
    ]);
  });
});

describe('moving a cutoff', () => {
  it('returns the old and the new window and keeps the old in the history', async () => {
    const created = await deadlines.createWindow(september, BY);
    clock.moveTo(new Date('2026-09-14T08:00:00Z'));
    const { before, after } = await deadlines.moveCutoff(created.id, { ...moved, reason: 'Outage' }, 1, BY);
    expect(before).toEqual(created);
    expect(after).toMatchObject({ version: 2, signInChange: null, timesSetAt: clock.now(), updatedAt: clock.now() });
    expect(after.cutoff.isoLocal()).toBe('2026-09-21T12:00');
    expect(await deadlines.window(created.id)).toEqual(after);
    expect(await deadlines.history(created.id)).toEqual([
      {
        version: 2,
        changedAt: clock.now(),
        changedBy: BY,
        reason: 'Outage',
        before: {
          cutoff: '2026-09-18T12:00',
          reopening: '2026-09-23T08:00',
          pcse: '2026-09-28T08:00',
          signInChange: '2026-09-23T08:00',
          reminderPolicy: DEFAULT_REMINDER_POLICY,
        },
        after: { ...moved, reminderPolicy: DEFAULT_REMINDER_POLICY },
      },
    ]);
  });

  it('starts the reminders afresh and leaves out those due before the move', async () => {
    const { id } = await deadlines.createWindow(september, BY);
    clock.moveTo(new Date('2026-09-15T08:00:00Z'));
    const { after } = await deadlines.moveCutoff(id, moved, 1, BY);
    const ladder = deadlines.ladder(after);
    expect(ladder.leftOut.map(({ stepId }) => stepId)).toEqual(['10-working-days', '5-working-days']);
    expect(ladder.reminders.map(({ dueAt }) => dueAt.toISOString())).toEqual([
      '2026-09-17T08:00:00.000Z',
      '2026-09-18T08:00:00.000Z',
      '2026-09-21T07:00:00.000Z',
    ]);
  });

  it('refuses a version that is not the latest, and changes nothing then', async () => {
    const { id } = await deadlines.createWindow(september, BY);
    const { after } = await deadlines.moveCutoff(id, moved, 1, BY);
    await expect(deadlines.moveCutoff(id, septemberTimes(), 1, BY)).rejects.toThrow(ConflictError);
    expect(await deadlines.window(id)).toEqual(after);
    expect(await deadlines.history(id)).toHaveLength(1);
  });

  it('lets one of many concurrent moves win', async () => {
    const { id } = await deadlines.createWindow(september, BY);
    const moves = Array.from({ length: 8 }, (_, minute) =>
      deadlines.moveCutoff(id, { ...moved, cutoff: `2026-09-21T12:0${minute}` }, 1, BY),
    );
    const outcomes = await Promise.allSettled(moves);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ConflictError);
    expect(await deadlines.history(id)).toHaveLength(1);
  });

  it('refuses a move to the very times it has', async () => {
    const { id } = await deadlines.createWindow(september, BY);
    await expect(deadlines.moveCutoff(id, septemberTimes(), 1, BY)).rejects.toThrow(/has these times already/);
  });

  it('keeps a history that nobody can alter', async () => {
    const { id } = await deadlines.createWindow(september, BY);
    await deadlines.moveCutoff(id, moved, 1, BY);
    for (const statement of [
      "update declaration_window_change set reason = 'x'",
      'delete from declaration_window_change',
    ])
      await expect(sql.raw(statement).execute(database.db)).rejects.toThrow(/append-only/);
  });
});

describe('the reminder policy of a window', () => {
  it('can be set, is kept in the history and does not restart the reminders', async () => {
    const created = await deadlines.createWindow(september, BY);
    clock.moveTo(new Date('2026-09-16T12:00:00Z'));
    const policy = { ...DEFAULT_REMINDER_POLICY, steps: DEFAULT_REMINDER_POLICY.steps.slice(-2) };
    const after = await deadlines.setReminderPolicy(created.id, policy, 1, BY);
    expect(after).toMatchObject({ version: 2, reminderPolicy: policy, timesSetAt: created.timesSetAt });
    expect(await deadlines.window(created.id)).toEqual(after);
    expect((await deadlines.history(created.id))[0]?.before.reminderPolicy).toEqual(DEFAULT_REMINDER_POLICY);
    await expect(deadlines.setReminderPolicy(created.id, policy, 1, BY)).rejects.toThrow(ConflictError);
  });
});

describe('the declaration feed', () => {
  it('keeps the newest report, whatever the order of arrival', async () => {
    const older = declaration({ status: 'declared', updatedAt: '2026-09-10T09:00:00Z' });
    const newer = declaration({ status: 'returned', updatedAt: '2026-09-11T09:00:00Z' });
    for (const order of [[[older], [newer]], [[newer], [older]], [[older, newer]], [[newer, older]]]) {
      await database.db.deleteFrom('declaration').execute();
      for (const rows of order) await feed.applyDeclarations(rows, BY);
      expect(await statuses()).toEqual(['returned']);
    }
  });

  it.each([
    [['declared', 'returned'], 'returned'],
    [['returned', 'not-declared'], 'returned'],
    [['approved', 'returned'], 'approved'],
    [['approved', 'financially-approved'], 'financially-approved'],
  ] as const)('settles %j of one instant as %s, in either order', async (pair, winner) => {
    for (const order of [pair, [...pair].reverse()]) {
      await database.db.deleteFrom('declaration').execute();
      for (const status of order) await feed.applyDeclarations([declaration({ status: status as 'declared' })], BY);
      expect(await statuses()).toEqual([winner]);
    }
  });

  it('is known by the time of its last report, also of one that told nothing new, and not by what the report is of', async () => {
    await database.db.deleteFrom('declaration_feed').execute();
    expect(await deadlines.declarationReports()).toEqual({ heardAt: null, areSilent: true });
    const monday = new Date('2026-09-14T08:00:00Z');
    clock.moveTo(monday);
    await feed.applyDeclarations([declaration()], BY);
    expect(await deadlines.declarationReports()).toEqual({ heardAt: monday, areSilent: false });
    clock.moveTo(new Date('2026-09-15T23:30:00Z'));
    expect(await deadlines.declarationReports()).toEqual({ heardAt: monday, areSilent: true });
    await feed.applyDeclarations([], BY);
    expect(await deadlines.declarationReports()).toEqual({ heardAt: clock.now(), areSilent: false });
    // An import that the clock has put back, as a rehearsal does, takes nothing away.
    clock.moveTo(monday);
    await feed.applyDeclarations([declaration()], BY);
    expect((await deadlines.declarationReports()).heardAt).toEqual(new Date('2026-09-15T23:30:00Z'));
  });

  it('counts what is new, what differs and what tells nothing new', async () => {
    const first = await feed.applyDeclarations([declaration(), declaration({ service: 'Immunisations' })], BY);
    expect(first).toMatchObject({ received: 2, added: 2, changed: 0, unchanged: 0 });
    const second = await feed.applyDeclarations(
      [
        declaration({ updatedAt: '2026-09-11T09:00:00Z', status: 'declared' }),
        declaration({ service: 'Immunisations', updatedAt: '2026-09-11T09:00:00Z' }),
        declaration({ service: 'Immunisations', updatedAt: '2026-09-01T09:00:00Z', status: 'approved' }),
      ],
      BY,
    );
    expect(second).toMatchObject({ received: 3, added: 0, changed: 1, unchanged: 2 });
  });

  it('reports organisations that the directory does not know, and keeps their declarations', async () => {
    await organisations(['A81001', 'practice', '16C']);
    const report = await feed.applyDeclarations([declaration(), declaration({ organisationCode: 'Z99999' })], BY);
    expect(report.unknownOrganisations).toEqual(['Z99999']);
    expect(await statuses()).toHaveLength(2);
  });

  it('takes all rows or none', async () => {
    const rows = [declaration(), { ...declaration(), status: 'done' }];
    await expect(feed.applyDeclarations(rows, BY)).rejects.toThrow(InvalidInputError);
    await expect(feed.applyDeclarations(rows, BY)).rejects.toThrow(/1\.status/);
    expect(await statuses()).toEqual([]);
  });

  it('refuses a report of a time to come: the true ones would lose against it for years', async () => {
    const mistyped = declaration({ status: 'financially-approved', updatedAt: '2062-09-10T09:00:00Z' });
    await expect(feed.applyDeclarations([declaration(), mistyped], BY)).rejects.toThrow(
      '1.updatedAt: The time has not come yet',
    );
    expect(await statuses()).toEqual([]);
  });

  it('does not deadlock when two feeds bring the same rows in opposite order', async () => {
    const rows = Array.from({ length: 2_000 }, (_, i) => declaration({ organisationCode: `P${10_000 + i}` }));
    const both = [rows, [...rows].reverse()].map((feedOf, i) =>
      feed.applyDeclarations(
        feedOf.map((row) => ({ ...row, updatedAt: `2026-09-1${i}T10:00:00Z` })),
        BY,
      ),
    );
    await expect(Promise.all(both)).resolves.toHaveLength(2);
    expect(await statuses()).toHaveLength(2_000);
  });
});

describe('importing the declaration feed from a file', () => {
  const header = 'organisation_code,service,period,declaration_required,approval_required,status,updated_at';
  const line = (status: string, updatedAt: string, code = 'A81001') =>
    `${code},Quality and Outcomes Framework,2025/26,yes,yes,${status},${updatedAt}`;
  const request = { actor: BY };
  let folder: string;
  const file = (name: string, ...lines: string[]) => {
    const path = join(folder, name);
    writeFileSync(path, lines.join('\r\n'));
    return path;
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'declarations-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('takes a file, whatever its delimiter and the case of its words', async () => {
    await organisations(['A81001', 'practice', '16C']);
    const path = file(
      'feed.csv',
      '\uFEFFOrganisation Code;Service;Period;Declaration-Required;Approval Required;Status;Updated At;Note',
      'a81001;Quality  and Outcomes Framework;2025/26;Yes;no;Not Declared;2026-09-10T10:00:00+01:00;x',
    );
    const report = await feed.importDeclarations(path, request);
    expect(report).toMatchObject({
      kind: 'declarations',
      applied: true,
      added: 1,
      changed: 0,
      gone: 0,
      unchanged: 0,
      warnings: [],
      ignoredColumns: ['Note'],
      files: [{ name: 'feed.csv', rows: 1 }],
    });
    expect(await database.db.selectFrom('declaration').selectAll().execute()).toEqual([
      {
        organisation_code: 'A81001',
        service: 'Quality and Outcomes Framework',
        period: '2025/26',
        declaration_required: true,
        approval_required: false,
        status: 'not-declared',
        updated_at: new Date('2026-09-10T09:00:00Z'),
        blocker: 'practice',
      },
    ]);
    const batch = await database.db.selectFrom('import_batch').selectAll().where('kind', '=', 'declarations').execute();
    expect(batch).toMatchObject([{ id: report.batchId, added: 1, imported_by: BY, applied_at: clock.now() }]);
  });

  it('lists every report of a time to come and takes nothing', async () => {
    const path = file(
      'early.csv',
      header,
      line('declared', '2026-09-10T09:00:00Z'),
      line('approved', '2062-09-10T09:00:00Z', 'A81002'),
      line('approved', '2091-09-10T09:00:00Z', 'A81004'),
    );
    const report = await feed.importDeclarations(path, request);
    expect(report).toMatchObject({ applied: false, faultCount: 2 });
    expect(report.faults.map(({ row, column }) => [row, column])).toEqual([
      [3, 'updated_at'],
      [4, 'updated_at'],
    ]);
    expect(await statuses()).toEqual([]);
  });

  it('reads a workbook alike', async () => {
    const workbook = new ExcelJS.Workbook();
    const sheet = workbook.addWorksheet('Feed');
    sheet.addRow(header.split(','));
    sheet.addRow(line('declared', '2026-09-10T09:00:00Z').split(','));
    const path = join(folder, 'feed.xlsx');
    await workbook.xlsx.writeFile(path);
    expect(await feed.importDeclarations(path, request)).toMatchObject({ applied: true, added: 1 });
    expect(await statuses()).toEqual(['declared']);
  });

  it('ends with the newest report in either order of files, and changes nothing the second time', async () => {
    const older = file('older.csv', header, line('approved', '2026-09-10T09:00:00Z'));
    const newer = file('newer.csv', header, line('returned', '2026-09-11T09:00:00Z'));
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      await database.db.deleteFrom('declaration').execute();
      for (const path of order) await feed.importDeclarations(path, request);
      expect(await statuses()).toEqual(['returned']);
    }
    expect(await feed.importDeclarations(newer, request)).toMatchObject({ added: 0, changed: 0, unchanged: 1 });
  });

  it('refuses the whole file for one bad row and names every fault', async () => {
    const path = file(
      'bad.csv',
      header,
      line('declared', '2026-09-10T09:00:00Z'),
      line('done', '2026-09-10T09:00:00Z'),
      line('declared', '2026-09-10T09:00:00'),
      line('declared', '2026-02-30T09:00:00Z', 'A8'),
    );
    const report = await feed.importDeclarations(path, request);
    expect(report).toMatchObject({ applied: false, added: 0, unchanged: 0, faultCount: 4 });
    expect(report.faults.map(({ row, column }) => [row, column])).toEqual([
      [3, 'status'],
      [4, 'updated_at'],
      [5, 'organisation_code'],
      [5, 'updated_at'],
    ]);
    expect(await statuses()).toEqual([]);
  });

  it('says in a dry run what would change, and changes nothing', async () => {
    const path = file('dry.csv', header, line('declared', '2026-09-10T09:00:00Z'));
    const report = await feed.importDeclarations(path, { ...request, dryRun: true });
    expect(report).toMatchObject({ applied: false, dryRun: true, added: 1, faultCount: 0 });
    expect(report.batchId).toBeUndefined();
    expect(await statuses()).toEqual([]);
    expect(await database.db.selectFrom('import_batch').selectAll().execute()).toEqual([]);
  });

  it('warns of organisations that the directory does not know, and keeps their declarations', async () => {
    const path = file('unknown.csv', header, line('declared', '2026-09-10T09:00:00Z', 'Z99999'));
    expect(await feed.importDeclarations(path, request)).toMatchObject({
      applied: true,
      warnings: [{ code: 'unknown-organisation', items: ['Z99999'] }],
    });
    expect(await statuses()).toEqual(['declared']);
  });

  it('refuses a file that is something else', async () => {
    const path = file('accounts.csv', 'account_id,email', '1,x');
    await expect(feed.importDeclarations(path, request)).rejects.toThrow(InvalidInputError);
  });
});

describe('who blocks', () => {
  it('is decided in the database exactly as by the rule', async () => {
    const matrix = [true, false].flatMap((declarationRequired) =>
      [true, false].flatMap((approvalRequired) =>
        DECLARATION_STATUSES.map((status) => ({ declarationRequired, approvalRequired, status })),
      ),
    );
    await feed.applyDeclarations(
      matrix.map((cell, i) => declaration({ ...cell, service: `Service ${10 + i}` })),
      BY,
    );
    const rows = await database.db.selectFrom('declaration').select('blocker').orderBy('service').execute();
    expect(rows.map(({ blocker }) => blocker)).toEqual(matrix.map((cell) => blockerOf(cell)));
  });

  it('is listed for each practice with its commissioner and services', async () => {
    await organisations(['A81001', 'practice', '16C'], ['A81002', 'practice', '16C'], ['A81003', 'practice', '16C']);
    await feed.applyDeclarations(
      [
        declaration({ service: 'B', status: 'returned' }),
        declaration({ service: 'A', status: 'approved' }),
        declaration({ organisationCode: 'A81002', status: 'declared' }),
        declaration({ organisationCode: 'A81003', status: 'financially-approved' }),
        declaration({ organisationCode: 'Z99999' }),
      ],
      BY,
    );
    const { id } = await deadlines.createWindow(september, BY);
    expect(await deadlines.blockers(id)).toEqual([
      {
        organisationCode: 'A81001',
        commissionerCode: '16C',
        practice: true,
        commissioner: true,
        blockedBy: 'both',
        services: [
          { service: 'A', period: '2025/26', status: 'approved', blocker: 'commissioner' },
          { service: 'B', period: '2025/26', status: 'returned', blocker: 'practice' },
        ],
      },
      expect.objectContaining({
        organisationCode: 'A81002',
        practice: false,
        commissioner: true,
        blockedBy: 'commissioner',
      }),
      expect.objectContaining({ organisationCode: 'Z99999', commissionerCode: null, blockedBy: 'practice' }),
    ]);
    expect(await deadlines.waiting(id)).toEqual({ practices: 2, commissioners: 1 });
    expect(await deadlines.blockersOf('A81002', id)).toEqual([
      expect.objectContaining({ organisationCode: 'A81002', blockedBy: 'commissioner' }),
    ]);
    expect(await deadlines.blockersOf('A81003', id)).toEqual([]);
  });

  it('keeps to the service and the period of the window', async () => {
    await feed.applyDeclarations(
      [
        declaration({ service: 'A', period: '2025/26' }),
        declaration({ service: 'A', period: '2024/25' }),
        declaration({ service: 'B', period: '2025/26' }),
      ],
      BY,
    );
    const scoped = { ...september, service: 'A', period: '2025/26' };
    const { id } = await deadlines.createWindow(scoped, BY);
    expect((await deadlines.blockers(id)).flatMap(({ services }) => services)).toEqual([
      { service: 'A', period: '2025/26', status: 'not-declared', blocker: 'practice' },
    ]);
    const other = await deadlines.createWindow({ ...scoped, name: 'Other', service: 'C' }, BY);
    expect(await deadlines.stillBlocks(other.id, 'A81001', 'practice')).toBe(false);
    expect(await deadlines.stillBlocks(id, 'A81001', 'practice')).toBe(true);
  });

  it('names the open practices that no feed has spoken of', async () => {
    await organisations(['A81001', 'practice', '16C'], ['A81002', 'practice', '16C'], ['16C', 'commissioner', null]);
    await feed.applyDeclarations([declaration()], BY);
    const { id } = await deadlines.createWindow(september, BY);
    expect(await deadlines.practicesWithoutStatus(id)).toEqual(['A81002']);
  });
});

describe('asking again right before sending', () => {
  it('follows a declaration from the practice to the commissioner to nobody', async () => {
    await organisations(['A81001', 'practice', '16C'], ['A81002', 'practice', '16C'], ['A81003', 'practice', '99X']);
    const { id } = await deadlines.createWindow(september, BY);
    const pairs = (['A81001', '16C', '99X'] as const).flatMap((organisationCode) =>
      (['practice', 'commissioner'] as Actor[]).map((actor) => ({ organisationCode, actor })),
    );
    const blocking = async (status: (typeof DECLARATION_STATUSES)[number], day: number) => {
      await feed.applyDeclarations([declaration({ status, updatedAt: `2026-09-1${day}T09:00:00Z` })], BY);
      const answer = await deadlines.stillBlocking(id, pairs);
      return answer.map(({ organisationCode, actor }) => `${organisationCode} ${actor}`);
    };
    expect(await blocking('not-declared', 1)).toEqual(['A81001 practice']);
    expect(await blocking('declared', 2)).toEqual(['A81001 commissioner', '16C commissioner']);
    expect(await blocking('returned', 3)).toEqual(['A81001 practice']);
    expect(await blocking('approved', 4)).toEqual(['A81001 commissioner', '16C commissioner']);
    expect(await blocking('financially-approved', 5)).toEqual([]);
  });

  it('answers for all of England at once within seconds', async () => {
    await organisations(['C100', 'commissioner', null]);
    await sql`insert into organisation
        (code, kind, name, status, commissioner_code, is_gp_practice, facts_hash, batch_id)
      select 'P' || 10000 + n, 'practice', 'Practice', 'active', 'C' || 100 + n % 106, true, n, (select max(id) from import_batch)
      from generate_series(1, 6200) n`.execute(database.db);
    await sql`insert into declaration
        (organisation_code, service, period, declaration_required, approval_required, status, updated_at)
      select 'P' || 10000 + n, 'Service ' || s, '2025/26', true, true,
        (enum_range(null::declaration_status))[1 + (n + s) % 5], now()
      from generate_series(1, 6200) n, generate_series(1, 10) s`.execute(database.db);
    await sql`analyze`.execute(database.db);
    const { id } = await deadlines.createWindow(september, BY);
    const started = performance.now();
    const blockers = await deadlines.blockers(id);
    const listed = performance.now();
    const pairs = blockers.flatMap(({ organisationCode, commissionerCode }) => [
      { organisationCode, actor: 'practice' as const },
      { organisationCode: commissionerCode!, actor: 'commissioner' as const },
    ]);
    expect(await deadlines.stillBlocking(id, pairs)).toHaveLength(12_400);
    const asked = performance.now();
    expect(blockers).toHaveLength(6_200);
    expect([listed - started < 5_000, asked - listed < 5_000]).toEqual([true, true]);
  });
});

interface DeclarationChanges {
  organisationCode?: string;
  service?: string;
  period?: string;
  declarationRequired?: boolean;
  approvalRequired?: boolean;
  status?: (typeof DECLARATION_STATUSES)[number];
  updatedAt?: string;
}

function declaration(changes: DeclarationChanges = {}) {
  return {
    organisationCode: 'A81001',
    service: 'Quality and Outcomes Framework',
    period: '2025/26',
    declarationRequired: true,
    approvalRequired: true,
    status: 'not-declared',
    updatedAt: '2026-09-10T09:00:00Z',
    ...changes,
  };
}

function septemberTimes() {
  const { name: _name, ...times } = september;
  return times;
}

async function statuses(): Promise<string[]> {
  return (await database.db.selectFrom('declaration').select('status').execute()).map(({ status }) => status);
}

async function organisations(
  ...rows: [code: string, kind: 'practice' | 'commissioner', commissioner: string | null][]
) {
  const batch = await database.db
    .insertInto('import_batch')
    .values({
      kind: 'organisations',
      files: '[]',
      added: rows.length,
      changed: 0,
      gone: 0,
      unchanged: 0,
      imported_by: BY,
      applied_at: clock.now(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const unknown = { region_code: null, icb_code: null, postcode: null, opened_on: null, closed_on: null };
  await database.db
    .insertInto('organisation')
    .values(
      rows.map(([code, kind, commissioner_code]) => ({
        ...unknown,
        code,
        kind,
        name: `Sample ${code}`,
        status: 'active' as const,
        commissioner_code,
        is_gp_practice: kind === 'practice',
        joined_on: null,
        left_on: null,
        facts_hash: code,
        batch_id: batch.id,
      })),
    )
    .execute();
}
