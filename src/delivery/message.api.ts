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
  .meta({
    id: 'Message',
    examples: [
      {
        id: '65cad766-e0d9-50a6-a8cd-79ddf1489246',
        campaignId: '01a222f3-4a30-75b9-ab65-263d1cc04536',
        dispatchId: '10a7f7dd-f29d-5964-8899-6904cd621074',
        purpose: 'sign-in-notice:launch',
        personKey: '006687446bf2c053d5cb50d501341ddc',
        accountIds: ['U100230'],
        organisationCodes: ['A81001'],
        route: 'direct',
        segment: 'nhsmail',
        address: 'testa.sample1@nhs.net',
        template: 'sign-in-nhsmail',
        templateVersion: '069a57dd5bc998426b789dc5e5f314617d5ea02181511670e496f3cf73f99036',
        state: 'accepted',
        attempt: 1,
        dueAt: '2026-09-07T08:00:00.000Z',
        expiresAt: '2026-09-18T11:00:00.000Z',
        nextAttemptAt: null,
        code: 250,
        enhanced: '2.0.0',
        reason: null,
        renderedSha256: '3c35b5f172faa70b6f2629252ddcc249fe34770fb036823c5c0d849fa08affc2',
        transport: 'capture',
        acceptedAt: '2026-09-07T08:00:01.000Z',
        stateChangedAt: '2026-09-07T08:00:01.000Z',
        redactedAt: null,
      },
    ],
  });
export type ApiMessage = z.infer<typeof messageSchema>;
export const messagePageSchema = pageSchema(messageSchema).meta({ id: 'MessagePage' });

export const messageQuerySchema = pageQuery(z.uuid(), { state: z.enum(MESSAGE_STATES).optional() });
export const messageListQuerySchema = pageQuery(z.tuple([z.iso.datetime(), z.uuid()]), {});

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
