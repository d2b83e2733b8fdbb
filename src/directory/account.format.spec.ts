import { ACCOUNT_FORMAT } from './account.format.js';

describe('the id of an account', () => {
  const cell = ACCOUNT_FORMAT.columns.account_id.cell;

  it.each(['U100001', '00012', '123456789012', 'e+5', '7E12', 'testa.sample+1'])('may be %s', (text) => {
    expect(cell.parse(text)).toBe(text);
  });

  it.each(['1.23E+10', '1.23457E+11', '1,23457E+11', '1E+15', '1.2e+11'])(
    'is lost where a spreadsheet has left %s of it',
    (text) => {
      expect(cell.safeParse(text).error?.issues[0]?.message).toMatch(/^A spreadsheet has shortened the id/);
    },
  );
});
