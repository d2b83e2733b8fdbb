import { z } from 'zod';
import { pageQuery, pageSchema } from '../platform/http/index.js';
import { type ReportView } from './feedback.service.js';

export const reportIdSchema = z.uuid();

export const reportSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(['hard', 'soft', 'complaint', 'auto-reply', 'delivered', 'not-bounce']),
    state: z.enum(['applied', 'review', 'waiting', 'ignored']),
    stateReason: z.string(),
    messageId: z.uuid().nullable().describe('The message that it is proven, or was decided, to be about'),
    source: z.string(),
    receivedAt: z.iso.datetime(),
  })
  .meta({
    id: 'FeedbackReport',
    examples: [
      {
        id: '0199a3c2-6d1e-7c3a-9b54-2f6f1f0f9a11',
        kind: 'hard',
        state: 'review',
        stateReason: 'unsigned',
        messageId: null,
        source: 'api',
        receivedAt: '2026-09-07T09:12:00.000Z',
      },
    ],
  });
export type ReportBody = Omit<ReportView, 'receivedAt'> & { readonly receivedAt: string };

export const reportPageSchema = pageSchema(reportSchema).meta({ id: 'FeedbackReportPage' });
export const reportQuerySchema = pageQuery(z.uuid(), {});

export const confirmSchema = z
  .strictObject({ messageId: z.uuid() })
  .meta({ id: 'ConfirmReport', examples: [{ messageId: '5a1c0d1e-3c5f-5d0a-9a57-0d1f1f6f2c11' }] });

export function reportBody({ id, kind, state, stateReason, messageId, source, receivedAt }: ReportView): ReportBody {
  return { id, kind, state, stateReason, messageId, source, receivedAt: receivedAt.toISOString() };
}
