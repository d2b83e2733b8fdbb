import { createHmac, timingSafeEqual } from 'node:crypto';

const token = /^([0-9a-f]{32})([0-9a-f]{32})$/;

/**
 * The secret part of the unsubscribe link of one message (RFC 8058): 64 hexadecimal digits that name the message and
 * prove that this service made the link. Give it to optional mail only: a service notice has no opt-out.
 */
export function unsubscribeToken(messageId: string, secret: string): string {
  const id = messageId.replaceAll('-', '').toLowerCase();
  return `${id}${signatureOf(id, secret)}`;
}

/** The message that the link was made for; undefined when this service did not make it. */
export function readUnsubscribeToken(text: string, secret: string): string | undefined {
  const [, id, signature] = token.exec(text) ?? [];
  if (id === undefined || signature === undefined) return undefined;
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(id, secret)))) return undefined;
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const signatureOf = (id: string, secret: string): string =>
  createHmac('sha256', secret).update(`unsubscribe:${id}`).digest('hex').slice(0, 32);
