import { z } from 'zod';
import { type CalendarDate } from '../shared/london-time.js';
import { anyText, odsCode, odsCodeOrNone, someText } from './cell.types.js';
import { type OrganisationFacts, type OrganisationKind, type OrganisationStatus } from './directory.tables.js';
import { required, type RowValues, tableFormat } from './table.format.js';
import { type REGIONS } from './region.data.js';

const odsDate: z.ZodType<CalendarDate | null, string> = z.string().transform((text, context) => {
  if (text === '') return null;
  const iso = text.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
  const instant = new Date(`${iso}T00:00:00Z`);
  if (iso.length === 10 && !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(iso)) {
    return iso as CalendarDate;
  }
  context.addIssue({ code: 'custom', message: 'Expected a real date as YYYYMMDD' });
  return z.NEVER;
});

const text = required(anyText, 'Download the file again from ODS');
const day = required(odsDate, 'Download the file again from ODS, or write the date as YYYYMMDD');
const codeOrNone = required(odsCodeOrNone, 'Use an ODS code, or leave the cell empty');

const STATUS: Readonly<Record<string, OrganisationStatus>> = { A: 'active', C: 'closed', D: 'dormant', P: 'proposed' };

/** The 27 columns that ODS gives its CSV files, by position. The same names serve all of them; each fills its own. */
export const ODS_FORMAT = tableFormat({
  name: 'ODS',
  headerless: true,
  isHeader: isOdsHeader,
  columns: {
    code: required(odsCode, 'Use the ODS code of the organisation'),
    name: required(someText, 'Give the organisation its name'),
    region: codeOrNone,
    icb: codeOrNone,
    address_1: text,
    address_2: text,
    address_3: text,
    address_4: text,
    address_5: text,
    postcode: text,
    opened: day,
    closed: day,
    status: text,
    sub_type: text,
    commissioner: codeOrNone,
    joined: day,
    left: day,
    phone: text,
    column_19: text,
    column_20: text,
    column_21: text,
    amended: text,
    column_23: text,
    provider: text,
    column_25: text,
    setting: text,
    column_27: text,
  },
});

/** The published files have no header. Whoever opens one in a spreadsheet may give it the names that ODS documents. */
export function isOdsHeader(cells: readonly string[]): boolean {
  const [name = '', opened = ''] = [cells[1], cells[10]].map((cell) => cell?.replaceAll('_', ' '));
  return /\bname\s*$/i.test(name) && /\bdate\b/i.test(opened);
}

/** epraccur, where a status and a prescribing setting have to be there. */
export const PRACTICE_FORMAT = tableFormat({
  ...ODS_FORMAT,
  columns: {
    ...ODS_FORMAT.columns,
    status: required(
      anyText.refine((letter) => letter in STATUS, 'Expected A, C, D or P'),
      'Download the file again from ODS: the 13th cell of each row is the status',
    ),
    setting: required(
      anyText.refine((number) => /^\d+$/.test(number), 'Expected a number'),
      'Download the file again from ODS: the 26th cell of each row is the prescribing setting (4: GP practice)',
    ),
  },
});
export type OdsRow = RowValues<(typeof ODS_FORMAT)['columns']>;

const icbColumns = { code: required(odsCode, 'Use the three-character ODS code'), name: required(someText, 'Name it') };

/** ICB names as ONS publishes them: the column names carry the year (ICB24CDH is the ODS code in April 2024). */
export function icbFormat(year: string) {
  return tableFormat({
    name: 'ICB names',
    columns: { [`ICB${year}CDH`]: icbColumns.code, [`ICB${year}NM`]: icbColumns.name },
  });
}

export type OdsFileKind = 'practices' | 'commissioners' | 'trusts';

/** Prescribing setting of a GP practice; others are out-of-hours services, clinics, prisons, hospices ... */
const GP_PRACTICE = '4';
const WALES = 'W00';

export function odsFacts(row: OdsRow, fileKind: OdsFileKind): OrganisationFacts {
  const isPractice = fileKind === 'practices' && row.setting === GP_PRACTICE;
  return {
    code: row.code,
    kind: kindOf(row, fileKind),
    name: row.name,
    // eccg and etr have no status: an organisation with a closing date is closed.
    status: STATUS[row.status] ?? (row.closed === null ? 'active' : 'closed'),
    region_code: row.region,
    icb_code: row.icb,
    commissioner_code: row.commissioner,
    is_gp_practice: isPractice && row.region !== WALES,
    postcode: row.postcode === '' ? null : row.postcode,
    opened_on: row.opened,
    closed_on: row.closed,
    joined_on: row.joined,
    left_on: row.left,
  };
}

function kindOf(row: OdsRow, fileKind: OdsFileKind): OrganisationKind {
  switch (fileKind) {
    case 'practices':
      return row.setting === GP_PRACTICE ? 'practice' : 'other';
    case 'trusts':
      return 'trust';
    case 'commissioners':
      return isCommissioner(row) ? 'commissioner' : 'other';
  }
}

/**
 * Roles that eccg gives: CCG, sub-ICB location (RO319, some with RO326), reporting entity of one, hub. ICBs (RO318) and
 * regions (RO209) are in files of their own, which are not used.
 */
export const COMMISSIONING_ROLES: readonly string[] = ['RO98', 'RO319', 'RO326', 'RO327', 'RO218'];

/** Practices belong to sub-ICB locations, before those to CCGs. Closed CCGs have no role, or a letter in older files. */
function isCommissioner({ sub_type, name }: OdsRow): boolean {
  const roles = sub_type.split('|');
  if (roles.some((role) => /^RO\d/.test(role))) return roles.includes('RO319') || roles.includes('RO98');
  return !/\bHUB\b|\bREPORTING ENTITY\b/i.test(name);
}

export function icbFacts(code: string, name: string): OrganisationFacts {
  return { ...BARE, code, name, kind: 'icb', status: 'active' };
}

export function regionFacts({ code, name, openedOn, closedOn }: (typeof REGIONS)[number]): OrganisationFacts {
  const isOpen = closedOn === null;
  const kind = isOpen ? 'region' : 'other';
  return { ...BARE, code, name, kind, status: isOpen ? 'active' : 'closed', opened_on: openedOn, closed_on: closedOn };
}

const BARE = {
  region_code: null,
  icb_code: null,
  commissioner_code: null,
  is_gp_practice: false,
  postcode: null,
  opened_on: null,
  closed_on: null,
  joined_on: null,
  left_on: null,
};
