import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../platform/config/index.js';
import { parseCalendarDate } from '../shared/london-time.js';
import { BankHolidays } from './bank-holidays.js';

describe('BankHolidays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bank-holidays-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('reads the file that ships with the service', () => {
    const { calendar } = new BankHolidays(loadConfig({}));
    expect(calendar.bankHoliday(parseCalendarDate('2026-12-28'))).toBe('Boxing Day');
  });

  it('reads the newer file that BANK_HOLIDAYS_FILE names', () => {
    const file = join(folder, 'newer.json');
    const events = [{ title: 'Coronation', date: '2031-05-05' }];
    writeFileSync(file, JSON.stringify({ 'england-and-wales': { division: 'england-and-wales', events } }));
    const { calendar } = new BankHolidays(loadConfig({ BANK_HOLIDAYS_FILE: file }));
    expect(calendar.bankHoliday(parseCalendarDate('2031-05-05'))).toBe('Coronation');
  });

  it.each([
    ['missing.json', undefined, /ENOENT/],
    ['broken.json', '{"england-and-wales": ', /JSON/],
    ['other.json', '{"england": {}}', /at england-and-wales/],
  ])('gives one clear error naming %s', (name, text, reason) => {
    const file = join(folder, name);
    if (text !== undefined) writeFileSync(file, text);
    const reading = (): BankHolidays => new BankHolidays(loadConfig({ BANK_HOLIDAYS_FILE: file }));
    expect(reading).toThrow(reason);
    expect(reading).toThrow(name);
  });
});
