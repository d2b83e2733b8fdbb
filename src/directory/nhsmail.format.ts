import { z } from 'zod';
import { parseEmailAddress } from '../shared/email-address.js';
import { accountId } from './account.format.js';
import { anyText, barSeparated, date, odsCodeOrNone, oneOf } from './cell.types.js';
import { NHSMAIL_STATUSES, NHSMAIL_TYPES } from './directory.tables.js';
import { required, optional, tableFormat } from './table.format.js';

/** An address in its normal form. Mail systems export aliases as "smtp:testa.sample@…". */
const address = z.string().transform((text, context) => {
  const parsed = parseEmailAddress(text.replace(/^smtp:/i, ''));
  if (parsed.ok) return parsed.address.normalised;
  context.addIssue({ code: 'custom', message: `Not an email address (${parsed.reason})` });
  return z.NEVER;
});

const accountIdOrNone: z.ZodType<string | null, string> = z.union([z.literal('').transform(() => null), accountId]);

/** The extract of the NHSmail directory: one row for each address. */
export const NHSMAIL_FORMAT = tableFormat({
  name: 'NHSmail directory',
  columns: {
    address: required(address, 'Give every row its primary address'),
    aliases: required(barSeparated.pipe(z.array(address)), 'Separate the aliases with |'),
    first_name: required(anyText, 'Export the first name again'),
    last_name: required(anyText, 'Export the last name again'),
    organisation_code: required(odsCodeOrNone, 'Use the ODS code, or leave the cell empty'),
    type: required(oneOf(NHSMAIL_TYPES), `Use ${NHSMAIL_TYPES.join(', ')}`),
    status: required(oneOf(NHSMAIL_STATUSES), `Use ${NHSMAIL_STATUSES.join(', ')}`),
    cqrs_account_id: optional(accountIdOrNone, 'Use the id of the CQRS account, or leave the cell empty'),
  },
});

/** People known to have no NHSmail. */
export const NO_NHSMAIL_FORMAT = tableFormat({
  name: 'no-nhsmail',
  columns: {
    account_id: required(accountId, 'Give every row the id of its account'),
    confirmed_on: required(date, 'Write the date as YYYY-MM-DD'),
  },
});
