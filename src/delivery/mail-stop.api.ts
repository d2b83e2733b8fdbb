import { z } from 'zod';
import { type StandingStop } from './mail.stop.js';

export const stopReasonSchema = z
  .string()
  .trim()
  .min(1)
  .max(300)
  .regex(/^[^\u0000-\u001f\u007f-\u009f]+$/u, 'Expected one line');

export const stopSchema = z
  .strictObject({
    reason: stopReasonSchema.describe('For the colleagues who see that nothing leaves; no personal data'),
  })
  .meta({ id: 'StopMail', examples: [{ reason: 'The cutoff in the reminder is wrong' }] });

export const mailStateSchema = z
  .object({
    stopped: z
      .object({ since: z.iso.datetime(), by: z.string(), reason: z.string() })
      .nullable()
      .describe('Null while mail may leave'),
  })
  .meta({
    id: 'MailState',
    examples: [
      {
        stopped: {
          since: '2026-09-18T08:10:00.000Z',
          by: 'person:0199a3c2-6d1e-7c3a-9b54-2f6f1f0f9a11',
          reason: 'The cutoff in the reminder is wrong',
        },
      },
    ],
  });
export type MailState = z.infer<typeof mailStateSchema>;

export const mailState = (stop: StandingStop | undefined): MailState => ({
  stopped: stop ? { since: stop.since.toISOString(), by: stop.by, reason: stop.reason } : null,
});
