import { AuditTrail } from '../../src/access/index.js';
import { AuditRepository, type AuditTables } from '../../src/access/audit.repository.js';
import { TrialRecord } from '../../src/delivery/trial.record.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const START = new Date('2026-09-07T08:00:00Z');
const clock = new FixedClock(START);
let database: TestDatabase<AuditTables>;
let audit: AuditTrail;

beforeAll(async () => {
  database = await testDatabase();
  audit = new AuditTrail(new AuditRepository(database.db), clock);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const recordOf = (settings: Record<string, string>) => {
  const usual = { NODE_ENV: 'test', SECRET: 's'.repeat(40), ROLES: 'worker', SMTP_URL: 'smtp://relay.test' };
  return new TrialRecord(database.db as never, audit, loadConfig({ ...usual, ...settings }));
};
/** As many processes start with these settings at the same moment. */
const starts = (settings: Record<string, string>, processes = 1) =>
  Promise.all(Array.from({ length: processes }, () => recordOf(settings).onModuleInit()));
const entries = async () =>
  (await audit.entries({ subject: 'delivery:trial-mode', limit: 100 }))
    .map(({ action, details }) => [action, details['approvedBy']])
    .reverse();
const off = (approver: string) => ({ TRIAL_MODE: 'off', TRIAL_OFF_APPROVED_BY: approver });

describe('the audit trail says who let mail go out for real', () => {
  it('nothing of what sends nothing, or only in trial', async () => {
    await starts({});
    await starts({ ...off('A'), ROLES: 'web,scheduler' });
    await starts({ ...off('A'), SMTP_URL: '' });
    expect(await entries()).toEqual([]);
    expect(await recordOf(off('A')).standing()).toBeUndefined();
  });

  it('once for each change, however many processes start, and how often', async () => {
    await starts(off('Anna Approver'), 5);
    clock.advance(60_000);
    await starts(off('Anna Approver'));
    expect(await entries()).toEqual([['delivery.trial-off', 'Anna Approver']]);
    expect(await recordOf({}).standing()).toEqual({ since: START, approvedBy: 'Anna Approver' });
    await starts(off('Bert Approver'), 5);
    await starts({ TRIAL_MODE: 'on' }, 5);
    expect(await recordOf({}).standing()).toBeUndefined();
    await starts({ TRIAL_MODE: 'off' });
    expect(await entries()).toEqual([
      ['delivery.trial-off', 'Anna Approver'],
      ['delivery.trial-off', 'Bert Approver'],
      ['delivery.trial-on', undefined],
      ['delivery.trial-off', null],
    ]);
  });
});
