import { z } from 'zod';
import { pageQuery, pageSchema, wholeNumber } from '../platform/http/index.js';
import { lineOf } from '../shared/text.schema.js';
import { type DeliveryLine, type WebhookRow } from './webhook.repository.js';
import { DELIVERED_EVENT_TYPES, DELIVERY_STATES, WEBHOOK_EVENT_TYPES } from './webhook.types.js';

export const webhookIdSchema = z.uuid();
export const deliveryIdSchema = wholeNumber(1, Number.MAX_SAFE_INTEGER);
const instant = z.iso.datetime();

export const newWebhookSchema = z
  .strictObject({
    url: z.url({ protocol: /^https$/, error: 'Expected an https:// address' }).max(2_000),
    events: z.array(z.enum(WEBHOOK_EVENT_TYPES)).min(1).max(WEBHOOK_EVENT_TYPES.length),
    description: lineOf({ min: 0, max: 200 }).default(''),
  })
  .meta({
    id: 'NewWebhook',
    examples: [
      { url: 'https://hooks.example.org/cqrs', events: ['campaign.state-changed'], description: 'The CQRS platform' },
    ],
  });
export type NewWebhook = z.infer<typeof newWebhookSchema>;

const webhook = z.object({
  id: z.uuid(),
  url: z.string(),
  events: z.array(z.enum(WEBHOOK_EVENT_TYPES)),
  description: z.string(),
  state: z.enum(['active', 'disabled']),
  disabledReason: z.string().nullable(),
  failingSince: instant.nullable(),
  createdBy: z.string(),
  createdAt: instant,
});
const EXAMPLE = {
  id: '0199a3c2-6d1e-7c3a-9b54-2f6f1f0f9a11',
  url: 'https://hooks.example.org/cqrs',
  events: ['campaign.state-changed'],
  description: 'The CQRS platform',
  state: 'active',
  disabledReason: null,
  failingSince: null,
  createdBy: 'key:9f3a1c0b77de',
  createdAt: '2026-09-01T08:00:00.000Z',
};
export const webhookSchema = webhook.meta({ id: 'Webhook', examples: [EXAMPLE] });
export type WebhookView = z.infer<typeof webhookSchema>;
export const createdWebhookSchema = webhook
  .extend({ secret: z.string().describe('Signs every delivery (Standard Webhooks); shown this once') })
  .meta({ id: 'CreatedWebhook', examples: [{ ...EXAMPLE, secret: `whsec_${'x'.repeat(43)}=` }] });
export const webhookPageSchema = pageSchema(webhookSchema).meta({ id: 'WebhookPage' });
export const webhookQuerySchema = pageQuery(z.uuid(), {});

export function webhookView(row: WebhookRow): WebhookView {
  return {
    id: row.id,
    url: row.url,
    events: row.events,
    description: row.description,
    state: row.state,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since?.toISOString() ?? null,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
  };
}

const deliverySchema = z
  .object({
    id: z.number().int(),
    eventId: z.number().int(),
    type: z.enum(DELIVERED_EVENT_TYPES),
    occurredAt: instant,
    state: z.enum(DELIVERY_STATES),
    attempts: z.number().int(),
    nextAttemptAt: instant.nullable(),
    lastAttemptAt: instant.nullable(),
    lastStatus: z.number().int().nullable().describe('The status that the receiver answered'),
    lastError: z.string().nullable().describe('A code for why it did not answer'),
  })
  .meta({
    id: 'WebhookDelivery',
    examples: [
      {
        id: 7,
        eventId: 3,
        type: 'campaign.state-changed',
        occurredAt: '2026-09-07T08:00:01.000Z',
        state: 'delivered',
        attempts: 1,
        nextAttemptAt: null,
        lastAttemptAt: '2026-09-07T08:00:02.000Z',
        lastStatus: 204,
        lastError: null,
      },
    ],
  });
export type DeliveryView = z.infer<typeof deliverySchema>;
export const deliveryPageSchema = pageSchema(deliverySchema).meta({ id: 'WebhookDeliveryPage' });
export const deliveryQuerySchema = pageQuery(z.number().int().positive().max(Number.MAX_SAFE_INTEGER), {
  state: z.enum(DELIVERY_STATES).optional(),
});

export const deliveryView = (line: DeliveryLine): DeliveryView => ({
  ...line,
  occurredAt: line.occurredAt.toISOString(),
  nextAttemptAt: line.nextAttemptAt?.toISOString() ?? null,
  lastAttemptAt: line.lastAttemptAt?.toISOString() ?? null,
});
