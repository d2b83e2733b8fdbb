import { randomBytes } from 'node:crypto';
import { newSecret } from './secret-token.rules.js';

export interface KeyText {
  /** Public half: shown in lists and in the audit trail. */
  readonly prefix: string;
  readonly secret: string;
}

/** `cqrs_<12 hex digits>_<43 characters>`: a fixed beginning, so that secret scanners find a leaked one. */
const KEY = /^cqrs_(?<prefix>[0-9a-f]{12})_(?<secret>[A-Za-z0-9_-]{43})$/;

export function newKeyText(): KeyText & { readonly text: string } {
  const prefix = randomBytes(6).toString('hex');
  const secret = newSecret();
  return { prefix, secret, text: `cqrs_${prefix}_${secret}` };
}

/** Undefined when the text cannot be one of our keys. */
export function parseKeyText(text: string): KeyText | undefined {
  const { prefix, secret } = KEY.exec(text)?.groups ?? {};
  return prefix !== undefined && secret !== undefined ? { prefix, secret } : undefined;
}
