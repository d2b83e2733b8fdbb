import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCalendarDate } from '../shared/london-time.js';
import { BankHolidays } from './bank-holidays.js';

describe('BankHolidays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bank-holidays-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('reads the file that ships with the service', () => {
    const { calendar } = new BankHolidays();
    expect(calendar.bankHoliday(parseCalendarDate('2026-12-28'))).toBe('Boxing Day');
  });

  it.each([
    ['missing.json', undefined, /ENOENT/],
    ['broken.json', '{"england-and-wales": ', /JSON/],
    ['other.json', '{"england": {}}', /at england-and-wales/],
  ])('gives one clear error naming %s', (name, text, reason) => {
    const file = join(folder, name);
    if (text !== undefined) writeFileSync(file, text);
    expect(() => new BankHolidays(file)).toThrow(reason);
    expect(() => new BankHolidays(file)).toThrow(name);
  });
});
