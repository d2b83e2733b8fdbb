import { z } from 'zod';
import { anyText, barSeparated, dateOrNone, fold, odsCodeOrNone, oneOf, someText } from './cell.types.js';
import { ACCOUNT_STATUSES, CQRS_ROLES, type CqrsRole } from './directory.tables.js';
import { required, tableFormat } from './table.format.js';

const ROLE_BY_NAME = new Map<string, CqrsRole>(CQRS_ROLES.map((role) => [fold(role), role]));

export interface RoleList {
  /** In alphabetical order, as a set: the export's own order means nothing. */
  readonly roles: readonly CqrsRole[];
  /** As written. */
  readonly unknownRoles: readonly string[];
}

const roleList: z.ZodType<RoleList, string> = barSeparated.transform((names, context) => {
  const roles = new Set<CqrsRole>();
  const unknownRoles = new Set<string>();
  for (const name of names) {
    const role = ROLE_BY_NAME.get(fold(name));
    if (role) roles.add(role);
    else if (!isSeveralRoles(name)) unknownRoles.add(name);
    else {
      // Kept as one unknown role it would take its roles from everybody who has more than one.
      context.addIssue({ code: 'custom', message: 'Several role names that are not separated with |' });
      return z.NEVER;
    }
  }
  return { roles: [...roles].sort(), unknownRoles: [...unknownRoles].sort() };
});

function isSeveralRoles(name: string): boolean {
  const parts = name.split(/[,;/]/).filter((part) => part.trim() !== '');
  return parts.length > 1 && parts.every((part) => ROLE_BY_NAME.has(fold(part)));
}

/**
 * An id from another system: any text without blanks, at most 100 characters. What a spreadsheet writes for a long
 * number (1.23E+10) stands for many ids, and would be a new account in place of those that are gone.
 */
export const accountId = someText.pipe(
  z
    .string()
    .regex(/^\S{1,100}$/, 'Expected an id of 1 to 100 characters without spaces')
    .regex(/^(?!\d(?:[.,]\d+)?E\+\d+$)/i, 'A spreadsheet has shortened the id to a number like 1.23E+10'),
);

/** The CQRS export: one row for each account and organisation. */
export const ACCOUNT_FORMAT = tableFormat({
  name: 'accounts',
  columns: {
    account_id: required(accountId, 'Give every row the id of its account'),
    first_name: required(anyText, 'Export the first name again'),
    last_name: required(anyText, 'Export the last name again'),
    // Kept as registered: whether it can be written to is a question of segments, not of the file.
    email: required(anyText, 'Export the email address again'),
    status: required(oneOf(ACCOUNT_STATUSES), 'Use active or disabled'),
    last_sign_in: required(dateOrNone, 'Write the date as YYYY-MM-DD, or leave the cell empty'),
    organisation_code: required(odsCodeOrNone, 'Use the ODS code, or leave the cell empty for no membership'),
    roles: required(roleList, 'Separate the role names with |'),
  },
});
