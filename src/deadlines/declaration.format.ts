import { z } from 'zod';
import { odsCode, oneOf, required, someText, tableFormat } from '../directory/index.js';
import { isoInstantSchema } from '../shared/london-time.js';
import { DECLARATION_STATUSES } from './declaration.rules.js';
import { lineOf } from '../shared/text.schema.js';

const name = someText.pipe(lineOf({ min: 1, max: 200 }));
const yesOrNo = oneOf(['yes', 'no']).transform((word) => word === 'yes');

/** Says nothing of the value: reports hold none. */
const instant = z.string().transform((text, context) => {
  const read = isoInstantSchema.safeParse(text);
  if (read.success) return read.data;
  context.addIssue({ code: 'custom', message: 'Expected an instant of the years 2000 to 2099, with Z or an offset' });
  return z.NEVER;
});

/** The status feed of CQRS as a file. */
export const DECLARATION_FORMAT = tableFormat({
  name: 'declarations',
  columns: {
    organisation_code: required(odsCode, 'Give the ODS code of the practice'),
    service: required(name, 'Give the name of the service in up to 200 characters'),
    period: required(name, 'Give the period in up to 200 characters'),
    declaration_required: required(yesOrNo, 'Write yes or no'),
    approval_required: required(yesOrNo, 'Write yes or no'),
    status: required(oneOf(DECLARATION_STATUSES), `Write one of ${DECLARATION_STATUSES.join(', ')}`),
    updated_at: required(instant, 'Write the instant with Z or an offset, as 2026-09-10T09:30:00Z'),
  },
});
