import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Config } from '../platform/config/index.js';

const TOKEN = /^([0-9a-f]{32})([0-9a-f]{32})$/;

/** Where one POST ends optional mail to the recipient of a message (RFC 8058): `/unsubscribe/<token>`. */
export function unsubscribeUrl(
  messageId: string,
  { publicUrl, host, port, secret }: Pick<Config, 'publicUrl' | 'host' | 'port' | 'secret'>,
): string {
  return new URL(`/unsubscribe/${unsubscribeToken(messageId, secret)}`, publicUrl ?? `http://${host}:${port}`).href;
}

/** 64 hexadecimal digits that name the message and prove that this service made the link. */
export function unsubscribeToken(messageId: string, secret: string): string {
  const id = messageId.replaceAll('-', '').toLowerCase();
  return `${id}${signatureOf(id, secret)}`;
}

/** The message that the link was made for; undefined when this service did not make it. */
export function readUnsubscribeToken(text: string, secret: string): string | undefined {
  const [, id, signature] = TOKEN.exec(text) ?? [];
  if (id === undefined || signature === undefined) return undefined;
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(id, secret)))) return undefined;
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function signatureOf(id: string, secret: string): string {
  return createHmac('sha256', secret).update(`unsubscribe:${id}`).digest('hex').slice(0, 32);
}
