import { z } from 'zod';
import { pageQuery, pageSchema } from '../platform/http/index.js';
import { type MessageView, type Progress } from './ledger.types.js';
import { MESSAGE_STATES } from './message.states.js';

export const messageIdSchema = z.uuid();
const instant = z.iso.datetime();

/** A message as the API shows it: everything but the values, which are its body. */
export const messageSchema = z
  .object({
    id: z.uuid(),
    campaignId: z.uuid(),
    dispatchId: z.uuid(),
    purpose: z.string(),
    personKey: z.string(),
    accountIds: z.array(z.string()),
    organisationCodes: z.array(z.string()),
    route: z.enum(['direct', 'cascade']),
    segment: z.string().nullable(),
    address: z.string().nullable().describe('Null once redacted'),
    template: z.string(),
    templateVersion: z.string(),
    state: z.enum(MESSAGE_STATES),
    attempt: z.number().int(),
    dueAt: instant,
    expiresAt: instant.nullable(),
    nextAttemptAt: instant.nullable(),
    code: z.number().int().nullable().describe('The last SMTP reply code'),
    enhanced: z.string().nullable().describe('The last enhanced status code'),
    reason: z.string().nullable().describe('Why it is in this state'),
    renderedSha256: z.string().nullable().describe('SHA-256 of the bytes that were sent'),
    transport: z.string().nullable(),
    acceptedAt: instant.nullable(),
    stateChangedAt: instant,
    redactedAt: instant.nullable(),
  })
  .meta({ id: 'Message' });
export type ApiMessage = z.infer<typeof messageSchema>;
export const messagePageSchema = pageSchema(messageSchema).meta({ id: 'MessagePage' });

export const messageQuerySchema = pageQuery(z.uuid(), { state: z.enum(MESSAGE_STATES).optional() });
export const messageListQuerySchema = pageQuery(z.uuid(), {});

export function apiMessage({ values: _body, ...message }: MessageView): ApiMessage {
  return {
    ...message,
    accountIds: [...message.accountIds],
    organisationCodes: [...message.organisationCodes],
    dueAt: message.dueAt.toISOString(),
    expiresAt: message.expiresAt?.toISOString() ?? null,
    nextAttemptAt: message.nextAttemptAt?.toISOString() ?? null,
    acceptedAt: message.acceptedAt?.toISOString() ?? null,
    stateChangedAt: message.stateChangedAt.toISOString(),
    redactedAt: message.redactedAt?.toISOString() ?? null,
  };
}

export const progressSchema = z
  .object({
    states: z.record(z.enum(MESSAGE_STATES), z.number().int()),
    planned: z.number().int().describe('All messages'),
    terminal: z.number().int().describe('Those with which nothing more will happen; finished is terminal = planned'),
  })
  .meta({ id: 'Progress' });
export type ApiProgress = Progress;

export const unknownDecisionSchema = z
  .strictObject({ outcome: z.enum(['accepted', 'failed']) })
  .meta({ id: 'UnknownMessageDecision', examples: [{ outcome: 'accepted' }] });
