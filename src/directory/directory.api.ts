import { z } from 'zod';
import { pageQuery, pageSchema, queryFlag } from '../platform/http/index.js';
import { odsCodeSchema } from '../shared/ods-code.js';
import { type Account, type Organisation, type OrganisationChange } from './directory.repository.js';
import {
  ACCOUNT_STATUSES,
  CQRS_ROLES,
  IMPORT_KINDS,
  ORGANISATION_KINDS,
  ORGANISATION_STATUSES,
} from './directory.tables.js';

const day = z.iso.date();
const ods = z.string().describe('ODS code');

export const organisationSchema = z
  .object({
    code: ods,
    kind: z.enum(ORGANISATION_KINDS),
    name: z.string(),
    status: z.enum(ORGANISATION_STATUSES),
    isGpPractice: z.boolean(),
    regionCode: ods.nullable(),
    icbCode: ods.nullable(),
    commissionerCode: ods.nullable(),
    openedOn: day.nullable(),
    closedOn: day.nullable(),
  })
  .meta({
    id: 'Organisation',
    examples: [
      {
        code: 'A81001',
        kind: 'practice',
        name: 'THE SAMPLE MEDICAL PRACTICE',
        status: 'active',
        isGpPractice: true,
        regionCode: 'Y63',
        icbCode: 'QHM',
        commissionerCode: '16C',
        openedOn: '1974-04-01',
        closedOn: null,
      },
    ],
  });
export const organisationPageSchema = pageSchema(organisationSchema).meta({ id: 'OrganisationPage' });
export const organisationQuerySchema = pageQuery(z.string(), {
  kind: z.enum(ORGANISATION_KINDS).optional(),
  status: z.enum(ORGANISATION_STATUSES).optional(),
  region: odsCodeSchema.optional(),
  commissioner: odsCodeSchema.optional(),
});

export const organisationDetailSchema = organisationSchema
  .extend({
    history: z.array(
      z.object({
        field: z.enum(['status', 'name', 'region', 'icb', 'commissioner']),
        before: z.string().nullable(),
        after: z.string().nullable(),
        effectiveOn: day,
      }),
    ),
  })
  .meta({
    id: 'OrganisationDetail',
    examples: [
      {
        code: 'A81001',
        kind: 'practice',
        name: 'THE DENSHAM SURGERY',
        status: 'active',
        isGpPractice: true,
        regionCode: 'Y63',
        icbCode: 'QHM',
        commissionerCode: '16C',
        openedOn: '1974-04-01',
        closedOn: null,
        history: [{ field: 'commissioner', before: '00K', after: '16C', effectiveOn: '2020-04-01' }],
      },
    ],
  });
export type OrganisationDetail = Organisation & { readonly history: readonly OrganisationChange[] };

// Spelled out, as not every tool that reads the API's description knows \P{Cc}.
export const accountIdSchema = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\u0000-\u001f\u007f-\u009f]+$/u, 'Expected text without control characters');

export const accountSchema = z
  .object({
    id: z.string(),
    firstName: z.string(),
    lastName: z.string(),
    email: z.string().nullable().optional().describe('As registered in CQRS. Only with the permission message:read'),
    status: z.enum(ACCOUNT_STATUSES),
    lastSignIn: z.string().nullable(),
    goneAt: z.iso.datetime().nullable().describe('When an export first lacked it'),
    memberships: z.array(
      z.object({
        organisationCode: ods,
        roles: z.array(z.enum(CQRS_ROLES)),
        unknownRoles: z.array(z.string()),
      }),
    ),
  })
  .meta({
    id: 'Account',
    examples: [
      {
        id: 'CQ100001',
        firstName: 'Testa',
        lastName: 'Sample',
        email: 'testa.sample1@nhs.net',
        status: 'active',
        lastSignIn: '2026-08-30',
        goneAt: null,
        memberships: [{ organisationCode: 'A81001', roles: ['Declaration Management'], unknownRoles: [] }],
      },
    ],
  });
export type AccountView = Omit<Account, 'email' | 'goneAt'> & {
  readonly email?: string | null;
  readonly goneAt: string | null;
};

export function accountView({ email, goneAt, ...account }: Account, withAddress: boolean): AccountView {
  return { ...account, ...(withAddress && { email }), goneAt: goneAt?.toISOString() ?? null };
}

export const importQuerySchema = z.strictObject({
  dryRun: queryFlag().default(false),
  allowShrink: queryFlag().default(false),
  allowChanges: queryFlag().default(false),
});

export const IMPORT_FILE = {
  /** The export of a million accounts is about 100 MB. */
  maxBytes: 256 * 1_048_576,
  types: {
    'text/csv': '.csv',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': '.xlsx',
    'application/octet-stream': '.csv',
  },
} as const;

const count = z.number().int();
const EXAMPLE_SHA256 = 'aa368e1aad489b46c488347e45cf2fc64874791b12e8ff21f36d342aecf584b3';
export const importReportSchema = z
  .object({
    kind: z.enum(IMPORT_KINDS),
    applied: z.boolean(),
    dryRun: z.boolean(),
    batchId: count.optional(),
    added: count,
    changed: count,
    gone: count.describe('Known before and not in the file: kept, and marked as gone'),
    unchanged: count,
    files: z.array(z.looseObject({ name: z.string(), sha256: z.string(), rows: count })),
    warnings: z.array(z.object({ code: z.string(), message: z.string(), items: z.array(z.string()) })),
    faults: z
      .array(
        z.object({
          file: z.string(),
          row: count,
          column: z.string().nullable(),
          valueClass: z.string(),
          message: z.string(),
          remedy: z.string(),
        }),
      )
      .describe('Any fault refuses the whole file: "applied" is false. The first 1,000 of them'),
    faultCount: count,
    ignoredColumns: z.array(z.string()),
    cleanUps: z.record(z.string(), count),
  })
  .meta({
    id: 'ImportReport',
    examples: [
      {
        kind: 'accounts',
        applied: true,
        dryRun: false,
        batchId: 42,
        added: 12,
        changed: 3,
        gone: 1,
        unchanged: 299,
        files: [{ name: 'accounts.csv', sha256: EXAMPLE_SHA256, rows: 315 }],
        warnings: [],
        faults: [],
        faultCount: 0,
        ignoredColumns: ['Notes'],
        cleanUps: { 'blanks at the ends': 2 },
      },
      {
        kind: 'accounts',
        applied: false,
        dryRun: false,
        added: 0,
        changed: 0,
        gone: 0,
        unchanged: 0,
        files: [{ name: 'accounts.csv', sha256: EXAMPLE_SHA256, rows: 315 }],
        warnings: [],
        faults: [
          {
            file: 'accounts.csv',
            row: 17,
            column: 'status',
            valueClass: 'word',
            message: 'Expected active or disabled',
            remedy: 'Export the file again',
          },
        ],
        faultCount: 1,
        ignoredColumns: [],
        cleanUps: {},
      },
    ],
  });

export const importPageSchema = pageSchema(
  z
    .object({
      id: count,
      kind: z.enum(IMPORT_KINDS),
      files: z.array(z.looseObject({ name: z.string() })),
      added: count,
      changed: count,
      gone: count,
      unchanged: count,
      importedBy: z.string(),
      appliedAt: z.iso.datetime(),
      undoes: count.nullable().describe('The import that this one put back'),
      undoneBy: count.nullable().describe('The import that put this one back'),
    })
    .meta({
      id: 'ImportBatch',
      examples: [
        {
          id: 42,
          kind: 'accounts',
          files: [{ name: 'accounts.csv', rows: 315 }],
          added: 12,
          changed: 3,
          gone: 1,
          unchanged: 299,
          importedBy: 'person:4f1c',
          appliedAt: '2026-09-07T08:00:00.000Z',
          undoes: null,
          undoneBy: null,
        },
      ],
    }),
).meta({ id: 'ImportPage' });
export const importUndoneSchema = z
  .object({ batchId: count.describe('The import that put it back, as the list shows it') })
  .meta({ id: 'ImportUndone', examples: [{ batchId: 43 }] });
export const importPageQuerySchema = pageQuery(z.number().int().positive(), {});
