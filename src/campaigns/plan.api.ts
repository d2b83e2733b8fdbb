import { z } from 'zod';
import { pageQuery, pageSchema } from '../platform/http/index.js';
import { CAMPAIGN_KINDS } from './campaign.kinds.js';
import { type RecipientRow } from './plan.repository.js';
import { type Plan } from './plan.service.js';

const instant = z.iso.datetime();
const counts = z.record(z.string(), z.number().int());

export const planSchema = z
  .object({
    id: z.uuid(),
    campaignId: z.uuid(),
    madeAt: instant,
    hash: z.string().describe('What an approval binds to'),
    summary: z.object({
      kind: z.enum(CAMPAIGN_KINDS),
      windowId: z.uuid(),
      recipients: z.number().int().describe('Emails'),
      people: z.number().int(),
      bySegment: counts,
      byTemplate: counts,
      byRegion: counts,
      byCommissioner: counts,
      byRoute: counts,
      excluded: z.number().int(),
      exclusions: counts.describe('How many get no email, by reason'),
      unreachable: z.number().int().describe('People whom neither an email nor a cascade reaches'),
      merged: z.number().int().describe('People with several accounts, who get one email'),
      duplicates: z
        .array(
          z.object({
            campaign: z.string(),
            template: z.string(),
            people: z.number().int(),
            lastSentAt: z.string(),
          }),
        )
        .describe('Earlier campaigns that sent some of these people the same template'),
      contradictions: z
        .array(
          z.object({
            campaign: z.string(),
            template: z.string(),
            otherTemplate: z.string(),
            people: z.number().int(),
          }),
        )
        .describe('Other campaigns of the window that are to tell some of these people to sign in otherwise'),
      feasibility: z.object({
        fits: z.boolean(),
        explanation: z.string(),
        latestSafeLaunch: instant.nullable(),
      }),
      missing: z.record(z.string(), z.array(z.string())).describe('Values that templates lack: must be empty'),
      steps: z.array(
        z.object({ id: z.string(), label: z.string(), dueAt: instant.nullable(), expiresAt: instant.nullable() }),
      ),
      changes: z.object({
        since: instant.nullable(),
        joined: z.number().int(),
        left: z.number().int(),
        changed: z.number().int(),
      }),
    }),
  })
  .meta({
    id: 'Plan',
    examples: [
      {
        id: '0199a3c4-11aa-7b2e-8c1d-5a4f3e2d1c0b',
        campaignId: '0199a3c2-6d1e-7c3a-9b54-2f6f1f0f9a11',
        madeAt: '2026-09-01T08:05:00.000Z',
        hash: '41f3c9bb4dcb2b4a5a5e8fcb54a0e4f0a5a9a7f0e6f8cbb9d6ce0b8d0e0a7c11',
        summary: {
          kind: 'sign-in-notice',
          windowId: '7f9d5c1e-6f1b-5d0a-9a57-0d1f1f6f2c11',
          recipients: 2,
          people: 2,
          bySegment: { nhsmail: 1, mismatched: 1 },
          byTemplate: { 'sign-in-nhsmail': 1, 'sign-in-mismatched': 1 },
          byRegion: { Y63: 2 },
          byCommissioner: { '36J': 2 },
          byRoute: { direct: 2, cascade: 1 },
          excluded: 1,
          exclusions: { "no usable address: on the administrator's worklist": 1 },
          unreachable: 0,
          merged: 0,
          duplicates: [],
          contradictions: [],
          feasibility: { fits: true, explanation: 'Ends at 09:01, 4 hours before', latestSafeLaunch: null },
          missing: {},
          steps: [
            {
              id: 'launch',
              label: 'Sign-in notice',
              dueAt: '2026-09-07T08:00:00.000Z',
              expiresAt: '2026-09-18T11:00:00.000Z',
            },
          ],
          changes: { since: null, joined: 0, left: 0, changed: 0 },
        },
      },
    ],
  });
export type PlanView = Omit<Plan, 'madeAt'> & { readonly madeAt: string };

export const planView = (plan: Plan): PlanView => ({ ...plan, madeAt: plan.madeAt.toISOString() });

const recipientSchema = z
  .object({
    personKey: z.string().describe('Names the person, without personal data'),
    topic: z.string().describe('The organisation that the email is about, where a person gets several'),
    accountIds: z.array(z.string()),
    organisationCodes: z.array(z.string()),
    regionCode: z.string().nullable(),
    commissionerCode: z.string().nullable(),
    segment: z.string(),
    rule: z.string().describe('The rule that put the account into its segment'),
    route: z.enum(['direct', 'cascade', 'none']),
    template: z.string().nullable(),
    address: z.string().nullable().optional().describe('Only with the permission message:read; null once redacted'),
    excluded: z.string().nullable().describe('Why there is no email; null for those who get one'),
  })
  .meta({
    id: 'PlanRecipient',
    examples: [
      {
        personKey: '006687446bf2c053d5cb50d501341ddc',
        topic: '',
        accountIds: ['U100230'],
        organisationCodes: ['A81001'],
        regionCode: 'Y63',
        commissionerCode: '16C',
        segment: 'nhsmail',
        rule: 'nhsmail.primary',
        route: 'direct',
        template: 'sign-in-nhsmail',
        excluded: null,
      },
    ],
  });
export type RecipientView = z.infer<typeof recipientSchema>;

export const recipientPageSchema = pageSchema(recipientSchema).meta({ id: 'PlanRecipientPage' });
export const recipientQuerySchema = pageQuery(z.tuple([z.string(), z.string()]), {});

export function recipientView(row: RecipientRow, withAddress: boolean): RecipientView {
  return {
    personKey: row.person_key,
    topic: row.topic,
    accountIds: row.account_ids,
    organisationCodes: row.organisation_codes,
    regionCode: row.region_code,
    commissionerCode: row.commissioner_code,
    segment: row.segment,
    rule: row.rule,
    route: row.route,
    template: row.template,
    ...(withAddress && { address: row.address }),
    excluded: row.excluded,
  };
}
