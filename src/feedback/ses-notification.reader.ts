import { z } from 'zod';
import type { StatusBlock } from './delivery-status.reader.js';

const recipient = z.object({
  emailAddress: z.string(),
  action: z.string().optional(),
  status: z.string().optional(),
  diagnosticCode: z.string().optional(),
});
const mail = z.object({
  messageId: z.string().optional(),
  commonHeaders: z.object({ messageId: z.string().optional() }).optional(),
});
const notification = z.discriminatedUnion('notificationType', [
  z.object({
    notificationType: z.literal('Bounce'),
    mail,
    bounce: z.object({
      bounceSubType: z.string().optional(),
      bouncedRecipients: z.array(recipient).max(100),
    }),
  }),
  z.object({
    notificationType: z.literal('Complaint'),
    mail,
    complaint: z.object({
      complainedRecipients: z.array(recipient).max(100),
      complaintFeedbackType: z.string().optional(),
    }),
  }),
  z.object({
    notificationType: z.literal('Delivery'),
    mail,
    delivery: z.object({ recipients: z.array(z.string()).max(100), smtpResponse: z.string().optional() }),
  }),
]);

/** A notification of Amazon SES, sent through SNS by mail as one JSON document in the text. */
export type SesNotification =
  | { readonly kind: 'bounce' | 'delivery'; readonly messageId?: string; readonly blocks: readonly StatusBlock[] }
  | {
      readonly kind: 'complaint';
      readonly messageId?: string;
      readonly addresses: readonly string[];
      readonly feedbackType: string;
    };

/**
 * Reads the notification at the start of `text`, or null where there is none. Relays may have folded its lines, and put a
 * warning before them; behind the mark of a quotation it is a person's.
 */
export function readSesNotification(text: string): SesNotification | null {
  const start = text.indexOf('{');
  const before = text.slice(text.lastIndexOf('\n', start) + 1, start);
  if (start === -1 || start > 500 || before.trim() !== '' || !/notificationType|eventType/.test(text)) return null;
  const end = text.lastIndexOf('}');
  const parsed = notification.safeParse(unwrap(parseJson(text.slice(start, end + 1).replace(/\n ?/g, ''))));
  if (!parsed.success) return null;
  const { data } = parsed;
  const messageId = data.mail.commonHeaders?.messageId?.replace(/[<>]/g, '');
  const known = messageId === undefined ? {} : { messageId };
  switch (data.notificationType) {
    case 'Complaint':
      return {
        kind: 'complaint',
        ...known,
        addresses: data.complaint.complainedRecipients.map((each) => each.emailAddress),
        feedbackType: data.complaint.complaintFeedbackType ?? 'abuse',
      };
    case 'Delivery':
      return {
        kind: 'delivery',
        ...known,
        blocks: data.delivery.recipients.map((address) =>
          block(address, 'delivered', '', data.delivery.smtpResponse ?? ''),
        ),
      };
    case 'Bounce':
      return {
        kind: 'bounce',
        ...known,
        blocks: data.bounce.bouncedRecipients.map((each) =>
          block(
            each.emailAddress,
            each.action ?? 'failed',
            each.status ?? '',
            (each.diagnosticCode ?? '').replace(/^smtp;\s*/i, ''),
            wordsOf(data.bounce.bounceSubType ?? ''),
          ),
        ),
      };
  }
}

/** `MailboxFull` in words, as other systems write a cause. */
const wordsOf = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');

const block = (address: string, action: string, status: string, diagnostic: string, remarks = ''): StatusBlock => ({
  addresses: [address],
  action,
  status,
  diagnosticType: 'smtp',
  diagnostic,
  remarks,
});

const envelope = z.object({ Type: z.literal('Notification'), Message: z.string() });
const event = z.looseObject({ eventType: z.string() });

/** SNS may deliver its own envelope, and event publishing names the same documents otherwise. */
function unwrap(document: unknown): unknown {
  const wrapped = envelope.safeParse(document);
  const inner = wrapped.success ? parseJson(wrapped.data.Message) : document;
  const named = event.safeParse(inner);
  return named.success ? { ...named.data, notificationType: named.data.eventType } : inner;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Not JSON after all: the caller asks whether it is a notification, and the answer is no.
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}
