import { z } from 'zod';
import { pageQuery, pageSchema, queryFlag } from '../platform/http/index.js';
import { odsCodeSchema } from '../shared/ods-code.js';
import { type KeptReadiness } from './directory-picture.repository.js';
import { type PictureStanding } from './directory.picture.js';
import { type Readiness } from './readiness.rules.js';
import { SEGMENTS, type SegmentResult } from './segment.types.js';

const certainty = z.enum(['certain', 'probable']);
const count = z.number().int();

const age = {
  asOf: z.iso
    .datetime()
    .optional()
    .describe('When this was worked out from the imported files (UTC); absent while nothing was imported'),
  stale: z
    .boolean()
    .describe('An import since then, or a new release of the service, is still being worked in: ask again'),
};

const AGE_EXAMPLE = { asOf: '2026-09-14T08:30:00.000Z', stale: false };

/** How old what is told is, for whoever acts on it. */
export function ageOf({ drawnAt, renewedSince }: PictureStanding): { asOf?: string; stale: boolean } {
  return { ...(drawnAt && { asOf: drawnAt.toISOString() }), stale: renewedSince !== undefined };
}

export const segmentCountsSchema = z.object({ segments: z.record(z.enum(SEGMENTS), count), ...age }).meta({
  id: 'SegmentCounts',
  description: 'Number of accounts in each segment',
  examples: [
    {
      segments: {
        nhsmail: 204,
        'nhsmail-unconfirmed': 10,
        mismatched: 47,
        'without-nhsmail': 9,
        unknown: 29,
        'not-a-person': 3,
        invalid: 3,
        excluded: 10,
      },
      ...AGE_EXAMPLE,
    },
  ],
});
export type SegmentCountsView = z.infer<typeof segmentCountsSchema>;

const suggestionAddress = z.string().optional().describe('Only with the permission message:read');
const accountSegmentSchema = z
  .object({
    accountId: z.string(),
    segment: z.enum(SEGMENTS),
    rule: z.string().describe('The rule that decided'),
    certainty,
    evidence: z.array(z.object({ fact: z.string(), source: z.string(), certainty })),
    suggestion: z
      .union([
        z.object({ kind: z.literal('new-account-with'), address: suggestionAddress, certainty }),
        z.object({ kind: z.literal('use-account'), accountId: z.string(), certainty }),
        z.object({ kind: z.literal('did-you-mean'), address: suggestionAddress, certainty }),
      ])
      .optional(),
    address: z.string().optional().describe('Registered address. Only with the permission message:read'),
  })
  .meta({
    id: 'AccountSegment',
    examples: [
      {
        accountId: 'CQ100001',
        segment: 'nhsmail',
        rule: 'nhsmail.primary',
        certainty: 'certain',
        evidence: [
          {
            fact: 'The registered address is the primary address of a live NHSmail entry whose name agrees',
            source: 'nhsmail-directory',
            certainty: 'certain',
          },
        ],
      },
    ],
  });
export type AccountSegmentView = z.infer<typeof accountSegmentSchema>;

export const segmentPageSchema = pageSchema(accountSegmentSchema).meta({ id: 'AccountSegmentPage' });
export const segmentQuerySchema = pageQuery(z.string(), {
  organisation: odsCodeSchema.optional(),
  region: odsCodeSchema.optional(),
});

export function segmentView(result: SegmentResult, withAddress: boolean): AccountSegmentView {
  const { accountId, segment, rule, certainty: sure, evidence, suggestion, address } = result;
  const shown = suggestion && { ...suggestion };
  if (shown && 'address' in shown && !withAddress) delete (shown as { address?: string }).address;
  return {
    accountId,
    segment,
    rule,
    certainty: sure,
    evidence: [...evidence],
    ...(shown && { suggestion: shown }),
    ...(withAddress && address !== undefined && { address }),
  };
}

const readinessSchema = z
  .object({
    organisation: z.string(),
    kind: z.enum(['practice', 'commissioner', 'region']),
    atRisk: z.boolean().describe('Payment may be missed if nothing changes'),
    canSignIn: count,
    canDeclare: count,
    canApprove: count,
    canFinanciallyApprove: count,
    reliesOnUnconfirmed: z.boolean().describe('Not at risk only thanks to addresses that nothing confirms'),
    practicesAtRisk: count.optional(),
    commissionersAtRisk: count.optional(),
  })
  .meta({
    id: 'Readiness',
    examples: [
      {
        organisation: 'A81001',
        kind: 'practice',
        atRisk: true,
        canSignIn: 1,
        canDeclare: 0,
        canApprove: 0,
        canFinanciallyApprove: 0,
        reliesOnUnconfirmed: false,
      },
    ],
  });
const page = pageSchema(readinessSchema);
const pageExamples = z.globalRegistry.get(page)?.examples as readonly object[] | undefined;
export const readinessPageSchema = page.extend(age).meta({
  id: 'ReadinessPage',
  ...(pageExamples && { examples: pageExamples.map((example) => ({ ...example, ...AGE_EXAMPLE })) }),
});
export const readinessQuerySchema = pageQuery(z.tuple([z.boolean(), z.string()]), {
  kind: z.enum(['practice', 'commissioner', 'region']).optional(),
  atRisk: queryFlag().optional(),
});
export type ReadinessPageView = z.infer<typeof readinessPageSchema>;

export function readinessView({ practicesAtRisk, commissionersAtRisk, ...row }: KeptReadiness): Readiness {
  return {
    ...row,
    ...(practicesAtRisk !== null && { practicesAtRisk }),
    ...(commissionersAtRisk !== null && { commissionersAtRisk }),
  };
}
