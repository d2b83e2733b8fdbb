import { z } from 'zod';
import { textOf } from '../shared/text.schema.js';
import { pageQuery, pageSchema } from '../platform/http/index.js';
import { SEGMENTS } from '../segments/index.js';
import { CAMPAIGN_KINDS } from './campaign.kinds.js';
import { type CampaignRow, type StepRow } from './campaign.repository.js';
import { CAMPAIGN_STATES } from './campaign.states.js';

export const campaignIdSchema = z.uuid();
const instant = z.iso.datetime();
const codes = z.array(z.string()).describe('ODS codes');

const EXAMPLE = {
  id: '0199a3c2-6d1e-7c3a-9b54-2f6f1f0f9a11',
  name: 'Sign-in change and September cutoff',
  kind: 'sign-in-notice',
  windowId: '7f9d5c1e-6f1b-5d0a-9a57-0d1f1f6f2c11',
  region: 'Y63',
  audience: { regions: ['Y63'], commissioners: [], organisations: [], segments: [], reach: 'registered' },
  options: {
    driftThreshold: 0.02,
    serviceDesk: { name: 'CQRS service desk' },
    guidanceUrl: 'https://guidance.example.test/cqrs-sign-in',
    senderName: 'The CQRS team',
  },
  launchAt: '2026-09-07T08:00:00.000Z',
  heldBack: false,
  releasedAt: null,
  state: 'draft',
  author: 'key:9f3a1c0b77de',
  remainderOf: null,
  approval: null,
  version: 1,
  createdAt: '2026-09-01T08:00:00.000Z',
  updatedAt: '2026-09-01T08:00:00.000Z',
};

export const campaignSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.enum(CAMPAIGN_KINDS),
    windowId: z.uuid(),
    region: z.string().nullable().describe('The region in which the whole audience lies; null when it reaches further'),
    audience: z.object({
      regions: codes,
      commissioners: codes,
      organisations: codes,
      segments: z.array(z.enum(SEGMENTS)),
      reach: z.enum(['registered', 'nhsmail-only']),
    }),
    options: z.object({
      driftThreshold: z.number(),
      serviceDesk: z.object({ name: z.string(), phone: z.string().optional(), email: z.string().optional() }),
      guidanceUrl: z.string().optional(),
      senderName: z.string(),
    }),
    launchAt: instant.nullable(),
    heldBack: z.boolean(),
    releasedAt: instant.nullable(),
    state: z.enum(CAMPAIGN_STATES),
    author: z.string().describe("A principal's id"),
    remainderOf: z
      .uuid()
      .nullable()
      .describe('The campaign whose message this one takes to whoever that did not reach'),
    approval: z.object({ planId: z.uuid(), hash: z.string(), by: z.string(), at: instant }).nullable(),
    version: z.number().int().describe('Also the ETag'),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'Campaign', examples: [EXAMPLE] });
export type CampaignView = z.infer<typeof campaignSchema>;

export function campaignView(row: CampaignRow): CampaignView {
  const { approved_plan_id: planId, approved_hash: hash, approved_by: by, approved_at: at } = row;
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    windowId: row.window_id,
    region: row.region,
    audience: row.audience,
    options: row.options,
    launchAt: row.launch_at?.toISOString() ?? null,
    heldBack: row.held_back,
    releasedAt: row.released_at?.toISOString() ?? null,
    state: row.state,
    author: row.author,
    remainderOf: row.remainder_of,
    approval: planId && hash && by && at ? { planId, hash, by, at: at.toISOString() } : null,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export const campaignPageSchema = pageSchema(campaignSchema).meta({ id: 'CampaignPage' });
export const campaignQuerySchema = pageQuery(z.tuple([instant, z.uuid()]), {
  windowId: z.uuid().optional(),
  state: z.enum(CAMPAIGN_STATES).optional(),
});

export const approvalSchema = z
  .strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/, 'Expected the hash of a plan: 64 hexadecimal digits') })
  .meta({
    id: 'CampaignApproval',
    examples: [{ hash: '41f3c9bb4dcb2b4a5a5e8fcb54a0e4f0a5a9a7f0e6f8cbb9d6ce0b8d0e0a7c11' }],
  });
export const sendBackSchema = z
  .strictObject({ comment: textOf({ min: 1, max: 500 }) })
  .meta({ id: 'CampaignSendBack', examples: [{ comment: "The guidance link is last year's" }] });
export const cancelSchema = z
  .strictObject({ reason: textOf({ min: 1, max: 500 }) })
  .meta({ id: 'CampaignCancel', examples: [{ reason: 'The window was withdrawn' }] });

export const stepSchema = z
  .object({
    id: z.string(),
    label: z.string(),
    dueAt: instant,
    expiresAt: instant.nullable().describe('Exclusive: nothing leaves at it or after it'),
    state: z.enum(['waiting', 'dispatched', 'skipped', 'cancelled']),
    note: z.string().nullable(),
    handledAt: instant.nullable(),
  })
  .meta({ id: 'CampaignStep' });

export function stepView(row: StepRow): z.infer<typeof stepSchema> {
  return {
    id: row.step_id,
    label: row.label,
    dueAt: row.due_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    state: row.state,
    note: row.note,
    handledAt: row.handled_at?.toISOString() ?? null,
  };
}
