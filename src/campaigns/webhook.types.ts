import { type Generated } from 'kysely';

/** What webhooks can be told. Events hold ids and states only. */
export const WEBHOOK_EVENTS = {
  'campaign.state-changed': 'A campaign was drafted, or went from one state to another',
  'message.outcomes': 'Messages of a campaign reached an outcome: up to 500 together',
} as const;
export type WebhookEventType = keyof typeof WEBHOOK_EVENTS;
export const WEBHOOK_EVENT_TYPES = Object.keys(WEBHOOK_EVENTS) as [WebhookEventType, ...WebhookEventType[]];

/** What a webhook is sent when somebody tries it out; nobody subscribes to it. */
export const WEBHOOK_TEST = 'webhook.test';
export const DELIVERED_EVENT_TYPES = [...WEBHOOK_EVENT_TYPES, WEBHOOK_TEST] as const;
export type DeliveredEventType = (typeof DELIVERED_EVENT_TYPES)[number];

export const DELIVERY_STATES = ['pending', 'delivered', 'abandoned'] as const;
export type WebhookDeliveryState = (typeof DELIVERY_STATES)[number];

export interface WebhookTables {
  webhook: {
    id: string;
    url: string;
    description: string;
    events: WebhookEventType[];
    sealed_secret: string;
    state: 'active' | 'disabled';
    disabled_reason: string | null;
    failing_since: Date | null;
    created_by: string;
    created_at: Date;
  };
  webhook_event: {
    id: Generated<number>;
    type: DeliveredEventType;
    occurred_at: Date;
    data: unknown;
  };
  webhook_delivery: {
    id: Generated<number>;
    webhook_id: string;
    event_id: number;
    state: WebhookDeliveryState;
    attempts: Generated<number>;
    next_attempt_at: Date | null;
    last_attempt_at: Date | null;
    last_status: number | null;
    last_error: string | null;
  };
}
