import { createHmac, timingSafeEqual } from 'node:crypto';

// A UUID in base 36 (25 characters) and 50 bits of signature fit beside any usual name in the 64 characters of a local
// part, and survive a server that folds capitals.
const ID_LENGTH = 25;
const SIGNATURE_LENGTH = 10;
const TAG = new RegExp(`\\+b([0-9a-z]{${ID_LENGTH}})([0-9a-z]{${SIGNATURE_LENGTH}})@`);

/**
 * The envelope sender of a message: `name+b<id><signature>@domain` for a sender `name@domain`. A report that comes back
 * to it names its message, and the signature says that this service sent it.
 */
export function returnPathOf(messageId: string, sender: string, secret: string): string {
  const at = sender.lastIndexOf('@');
  const id = BigInt(`0x${messageId.replaceAll('-', '')}`)
    .toString(36)
    .padStart(ID_LENGTH, '0');
  return `${sender.slice(0, at)}+b${id}${signatureOf(id, secret)}${sender.slice(at)}`;
}

/** The id of the message that the address was the return path of; undefined when it is none that this service signed. */
export function messageIdOfReturnPath(address: string, secret: string): string | undefined {
  const [, id = '', signature = ''] = TAG.exec(address.toLowerCase()) ?? [];
  if (id === '' || !timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(id, secret)))) return undefined;
  const value = Array.from(id).reduce((sum, digit) => sum * 36n + BigInt(parseInt(digit, 36)), 0n);
  const hex = value.toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function signatureOf(id: string, secret: string): string {
  const digest = createHmac('sha256', secret).update(`return-path:${id}`).digest();
  return digest.readBigUInt64BE().toString(36).padStart(SIGNATURE_LENGTH, '0').slice(-SIGNATURE_LENGTH);
}
