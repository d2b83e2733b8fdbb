import { createPrivateKey, hash, type KeyObject, sign } from 'node:crypto';
import { InvalidInputError } from '../shared/errors.js';
import { remembered } from '../shared/remembered.js';

export interface DkimSettings {
  /** The d= domain; it should be that of the From address. */
  readonly domain: string;
  readonly selector: string;
  /** In PEM: RSA of at least 1,024 bits, or Ed25519 (RFC 8463). */
  readonly privateKey: string;
}

/** `DkimSettings` that have been looked at. */
export interface DkimIdentity extends Omit<DkimSettings, 'privateKey'> {
  readonly key: KeyObject;
}

/** The DKIM-Signature of a message, with CRLF at its end: it goes in front. */
export type DkimSigner = (mime: Buffer) => string;

/** Signed where present; those named twice cannot be added by anybody on the way (RFC 6376 section 8.15). */
const SIGNED = ['from', 'to', 'subject', 'reply-to', 'date', 'message-id', 'mime-version', 'content-type'];
const SIGNED_ONCE = [...SIGNED, 'auto-submitted', 'list-unsubscribe', 'list-unsubscribe-post'];
const SEALED = ['from', 'to', 'subject'];

const HEADER = /^([^:\s]+)[ \t]*:(.*(?:\r\n[ \t].*)*)\r\n/gm;

/** @throws InvalidInputError `bad-dkim` for a domain, selector or key that cannot be used; never repeats the key. */
export function dkimIdentity({ domain, selector, privateKey }: DkimSettings): DkimIdentity {
  // The record of the key is at selector._domainkey.domain, and no name in the DNS is longer (RFC 1035 section 2.3.4).
  const isName = (name: string): boolean => /^[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9])?$/i.test(name);
  if (!isName(domain) || !isName(selector)) {
    throw new InvalidInputError('bad-dkim', 'DKIM: expected a domain name and a selector');
  }
  return { domain, selector, key: keyOf(privateKey) };
}

/**
 * Signs with relaxed/simple canonicalisation (RFC 6376): bodies are quoted-printable in short lines, which nobody on
 * the way has cause to change, and hashing them as they are takes a fifth of the time. A signature takes 300 to 900 us
 * by RSA-2048 and 60 by Ed25519, during which the thread does nothing else.
 */
export function prepareSigner({ domain, selector, key }: DkimIdentity): DkimSigner {
  const ed25519 = key.asymmetricKeyType === 'ed25519';
  const start = `v=1; a=${ed25519 ? 'ed25519' : 'rsa'}-sha256; c=relaxed/simple; d=${domain};\r\n s=${selector}`;

  const canonicalHeaders = prepareCanonicalHeaders();
  const tagsBefore = remembered((signed: string) => {
    const folded = `${start}; h=${signed.replace(/.{40,60}:/g, '$&\r\n ')};\r\n bh=`;
    return { folded, relaxed: relaxedValue(folded) };
  });

  return (mime) => {
    const bodyStart = mime.indexOf('\r\n\r\n') + 4;
    const headers = canonicalHeaders(mime.toString('latin1', 0, bodyStart - 2));
    const present = SIGNED_ONCE.filter((name) => headers.has(name));
    const before = tagsBefore([...present, ...SEALED].join(':'));
    const bodyHash = hash('sha256', simpleBody(mime.subarray(bodyStart)), 'base64');
    const lines = present.map((name) => headers.get(name));
    const tags = `dkim-signature:${before.relaxed}${bodyHash}; b=`;
    const data = Buffer.from([...lines, tags].join('\r\n'), 'latin1');
    // RFC 8463 section 3: Ed25519 signs the hash of the headers.
    const signature = ed25519 ? sign(null, hash('sha256', data, 'buffer'), key) : sign('sha256', data, key);
    const folded = signature.toString('base64').replace(/.{72}(?!$)/g, '$&\r\n ');
    return `DKIM-Signature: ${before.folded}${bodyHash};\r\n b=${folded}\r\n`;
  };
}

function keyOf(privateKey: string): KeyObject {
  try {
    const key = createPrivateKey(privateKey);
    if (key.asymmetricKeyType === 'ed25519') return key;
    if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 1024) return key;
  } catch (cause) {
    throw new InvalidInputError('bad-dkim', 'DKIM: the private key cannot be read as PEM', { cause });
  }
  throw new InvalidInputError('bad-dkim', 'DKIM: expected an RSA key of at least 1,024 bits or an Ed25519 key');
}

/**
 * The last header of each name, in its relaxed form and without a line end (RFC 6376 section 3.4.2). Most are the same
 * in message after message: what a name had last is kept.
 */
function prepareCanonicalHeaders(): (header: string) => Map<string, string> {
  const last = new Map<string, { readonly value: string; readonly line: string }>();
  return (header) => {
    const found = new Map<string, string>();
    for (const [, written = '', value = ''] of header.matchAll(HEADER)) {
      const name = written.toLowerCase();
      const known = last.get(name);
      const line = known?.value === value ? known.line : `${name}:${relaxedValue(value)}`;
      if (SIGNED_ONCE.includes(name)) last.set(name, { value, line });
      found.set(name, line);
    }
    return found;
  };
}

function relaxedValue(value: string): string {
  return value
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ')
    .trim();
}

const LINE_END = Buffer.from('\r\n');

/** RFC 6376 section 3.4.3: as it is, but with exactly one line end at its end. */
function simpleBody(body: Buffer): Buffer {
  let end = body.length;
  while (end >= 2 && body[end - 2] === 0x0d && body[end - 1] === 0x0a) end -= 2;
  const ended = end < body.length;
  return ended ? body.subarray(0, end + 2) : Buffer.concat([body, LINE_END]);
}
