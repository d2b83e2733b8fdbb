import { Logger } from '@nestjs/common';
import { UnavailableError } from '../../shared/errors.js';
import { TroubleLog } from './trouble.log.js';

const lost = (): Error => new Error('Connection terminated unexpectedly');

let now: number;
let told: unknown[];
let log: TroubleLog;
beforeEach(() => {
  now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  told = [];
  const logger = new Logger();
  jest.spyOn(logger, 'error').mockImplementation((line: unknown) => void told.push(line));
  log = new TroubleLog(logger, 'error', 'requests refused');
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('the log of trouble', () => {
  it('tells of the first at once, and of all others once a minute, with how long it lasts', () => {
    for (let second = 0; second < 150; second += 1) {
      log.note(lost());
      now += 1_000;
    }
    const line = { message: 'requests refused', reason: lost().message };
    expect(told).toEqual([
      { ...line, times: 1, seconds: 0 },
      { ...line, times: 60, seconds: 60 },
      { ...line, times: 60, seconds: 120 },
    ]);
  });

  it('tells of each subject by itself', () => {
    for (const queue of ['delivery', 'webhooks', 'delivery']) log.note(lost(), { queue });
    expect(told).toEqual([
      expect.objectContaining({ queue: 'delivery', times: 1 }),
      expect.objectContaining({ queue: 'webhooks', times: 1 }),
    ]);
  });

  it('begins anew after a minute without any', () => {
    log.note(lost());
    now += 60_001;
    log.note(lost());
    expect(told).toEqual([expect.objectContaining({ seconds: 0 }), expect.objectContaining({ seconds: 0 })]);
  });

  it('tells of other trouble too, by codes: what PostgreSQL says may quote a value', () => {
    const full = Object.assign(new Error('the value jane@nhs.net'), { code: '53300', severity: 'FATAL' });
    log.note(full);
    log.note(new UnavailableError('outcome-unknown', 'The database was lost', { cause: lost() }));
    expect(told).toEqual([
      expect.objectContaining({ reason: '53300' }),
      expect.objectContaining({ reason: 'outcome-unknown: Connection terminated unexpectedly' }),
    ]);
  });
});
