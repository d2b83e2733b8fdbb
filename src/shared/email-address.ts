/** Why a text cannot be used as an email address. Stable: reports and the directory's row errors show these. */
export type EmailAddressFault =
  | 'empty'
  | 'several-addresses'
  | 'no-at-sign'
  | 'too-long'
  | 'quoted-local-part'
  | 'local-part'
  | 'domain'
  | 'no-top-level-domain';

/** What had to be taken away before the text was an address. Reported, because each is a sign of careless data. */
export type EmailAddressCleanUp =
  | 'surrounding-space'
  | 'invisible-characters'
  | 'mailto-prefix'
  | 'display-name'
  | 'angle-brackets'
  | 'surrounding-quotes'
  | 'trailing-punctuation';

export interface EmailAddress {
  /** Left of the @ in lower case. */
  readonly local: string;
  /** Right of the @ in lower case, as it was written: an internationalised domain is not turned into punycode. */
  readonly domain: string;
  /** `local@domain`: the form to compare and to store beside the original. */
  readonly normalised: string;
  /** The address as its owner wrote it, cleaned but with its capitals. */
  readonly display: string;
  /** False for a domain with any character outside ASCII: an internationalised domain, or one made to look like another. */
  readonly isAscii: boolean;
}

export type ParsedEmailAddress =
  | { readonly ok: true; readonly address: EmailAddress; readonly cleanUps: readonly EmailAddressCleanUp[] }
  | { readonly ok: false; readonly reason: EmailAddressFault; readonly cleanUps: readonly EmailAddressCleanUp[] };

const MAX_LOCAL = 64;
const MAX_DOMAIN = 255;
/** RFC 5321 section 4.5.3.1.3 allows a path of 256 octets, of which two are the angle brackets. */
const MAX_ADDRESS = 254;
const MAX_LABEL = 63;
/** Longer than any address in any packaging; keeps a pasted document out of the regular expressions below. */
const MAX_FIELD = 1_000;

// Soft hyphen, zero-width spaces and joiners, direction marks, word joiner, byte-order mark: nobody can see them, so
// nobody meant them. A no-break space can be seen; like any space it is trimmed outside and refused inside, because
// closing the gap in "testa sample@" would invent another person's address.
const INVISIBLE = /[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/gu;
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u;
const TOP_LEVEL = /^(?:[\p{L}\p{M}]{2,63}|xn--[a-z0-9-]*[a-z0-9])$/u;
const ASCII = /^[\x00-\x7f]*$/;
/** An address in lower case that needs no cleaning and keeps all these rules but, if it is long, those of length. */
const PLAIN =
  /^([a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63})$/;

/**
 * Reads an email address as a person or a system wrote it into a field.
 *
 * Accepts what mail really uses, as GOV.UK Notify does: an unquoted ASCII local part (RFC 5321 dot-string), a domain of
 * at least two labels ending in letters or punycode, 64 / 255 / 254 characters at most. Refuses quoted local parts,
 * address literals and lists. Only the packaging is cleaned (see `EmailAddressCleanUp`), never the address itself:
 * a typing mistake stays what it is.
 */
export function parseEmailAddress(text: string): ParsedEmailAddress {
  // Nearly all are plain, and a plan asks this of each several times.
  const plain = readPlain(text);
  if (plain) return { ok: true, address: plain, cleanUps: [] };
  if (text.length > MAX_FIELD) return { ok: false, reason: 'too-long', cleanUps: [] };
  const { cleaned, cleanUps } = unwrap(text);
  const fail = (reason: EmailAddressFault): ParsedEmailAddress => ({ ok: false, reason, cleanUps });

  if (cleaned === '') return fail('empty');
  if (cleaned.includes('"')) return fail('quoted-local-part');
  const at = cleaned.lastIndexOf('@');
  if (at < 0) return fail('no-at-sign');
  if (cleaned.indexOf('@') !== at) return fail(/[\s,;|/]/.test(cleaned) ? 'several-addresses' : 'local-part');

  const local = cleaned.slice(0, at);
  const domain = cleaned.slice(at + 1);
  if (local.length > MAX_LOCAL || domain.length > MAX_DOMAIN || cleaned.length > MAX_ADDRESS) return fail('too-long');
  if (!LOCAL_PART.test(local)) return fail('local-part');
  const fault = domainFault(domain.toLowerCase());
  if (fault) return fail(fault);

  const address: EmailAddress = {
    local: local.toLowerCase(),
    domain: domain.toLowerCase(),
    normalised: cleaned.toLowerCase(),
    display: cleaned,
    // Asked of the original: U+212A (the Kelvin sign) becomes a plain k in lower case.
    isAscii: ASCII.test(domain),
  };
  return { ok: true, address, cleanUps };
}

function readPlain(text: string): EmailAddress | undefined {
  // So short that no part of it can be too long. In lower case U+212A (the Kelvin sign) would pass for a k.
  if (text.length > MAX_LABEL || !ASCII.test(text)) return undefined;
  const [normalised, local, domain] = PLAIN.exec(text.toLowerCase()) ?? [];
  if (normalised === undefined || local === undefined || domain === undefined) return undefined;
  return { local, domain, normalised, display: text, isAscii: true };
}

/** True when `domain` is `parent` or lies below it, compared label by label: `evilnhs.net` is not within `nhs.net`. */
export function domainIsWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}

function domainFault(domain: string): EmailAddressFault | undefined {
  const labels = domain.split('.');
  for (const label of labels) {
    if (label.length > MAX_LABEL || !LABEL.test(label)) return 'domain';
  }
  if (labels.length < 2) return 'no-top-level-domain';
  return TOP_LEVEL.test(labels[labels.length - 1] ?? '') ? undefined : 'no-top-level-domain';
}

function unwrap(text: string): { cleaned: string; cleanUps: EmailAddressCleanUp[] } {
  const cleanUps: EmailAddressCleanUp[] = [];
  let cleaned = text;
  const clean = (what: EmailAddressCleanUp, next: string): void => {
    if (next === cleaned) return;
    if (!cleanUps.includes(what)) cleanUps.push(what);
    cleaned = next;
  };

  clean('invisible-characters', cleaned.replace(INVISIBLE, ''));
  clean('surrounding-space', cleaned.trim());
  // "Testa Sample <testa@…>" and "<testa@…>": one pair of brackets, at the end, around one address.
  clean('trailing-punctuation', cleaned.replace(/[\s.,;:]+$/, ''));
  const bracketed = /^([^<>@]*)<([^<>]*)>$/.exec(cleaned);
  if (bracketed) clean(bracketed[1]?.trim() ? 'display-name' : 'angle-brackets', bracketed[2]?.trim() ?? '');
  const quoted = /^"([^"]*)"$/.exec(cleaned);
  if (quoted) clean('surrounding-quotes', quoted[1]?.trim() ?? '');
  clean('mailto-prefix', cleaned.replace(/^mailto:\s*/i, ''));
  clean('trailing-punctuation', cleaned.replace(/[\s.,;:]+$/, ''));
  return { cleaned, cleanUps };
}
