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

describe('the roles of a membership', () => {
  const roles = (text: string) => ACCOUNT_FORMAT.columns.roles.cell.safeParse(text);

  it.each(['View; Declaration Management', 'View,Finance View', 'view / approval management', 'Odd|View;Finance View'])(
    'between other marks than bars are a fault: %s',
    (text) => {
      expect(roles(text).error?.issues[0]?.message).toBe('Several role names that are not separated with |');
    },
  );

  it.each(['Reports, Read only', 'View; Reports', 'Finance'])('of another name are kept as they are: %s', (text) => {
    expect(roles(`View|${text}`).data).toEqual({ roles: ['View'], unknownRoles: [text] });
  });
});
