import { z } from 'zod';

/** The queues of the service, by what their work competes for. Compose, metrics and Bull Board use these names. */
export const QUEUES = ['delivery', 'webhooks'] as const;
export type QueueName = (typeof QUEUES)[number];

/**
 * Every job there is: its queue and its payload, which holds ids only. PostgreSQL knows the rest; a handler reads
 * its row again and guards on the row's state, so that a job lost, late or doubled does no harm.
 */
export const JOBS = {
  /** Drain one slice of a campaign's messages. */
  'send-slice': { queue: 'delivery', payload: z.strictObject({ sliceId: z.string().min(1) }) },
  /** Make one attempt to tell a webhook of an event. */
  'deliver-webhook': { queue: 'webhooks', payload: z.strictObject({ deliveryId: z.number().int().positive() }) },
} as const satisfies Record<string, { queue: QueueName; payload: z.ZodType }>;

export type JobName = keyof typeof JOBS;
export type JobPayload<N extends JobName> = z.infer<(typeof JOBS)[N]['payload']>;
