import { domainToUnicode } from 'node:url';

import { domainIsWithin } from '../shared/email-address.js';
import { isOneSlipFrom } from './edit-distance.rules.js';

/**
 * The domain of personal NHSmail addresses, the ones that can sign in by single sign-on. Only the domain itself:
 * names below it (service.nhs.net, mail.nhs.net) are hosts and services of NHSmail and hold nobody's sign-in.
 */
export const NHSMAIL_DOMAIN = 'nhs.net';

/** Other domains of the NHS and its neighbours. An address here is real, and it is not NHSmail. */
export const NHS_DOMAINS = ['nhs.uk', 'nhs.scot', 'nhs.wales', 'hscni.net', 'gov.uk'] as const;

/** Slips for the NHSmail domain that are more than one keystroke away. One keystroke is found by distance. */
export const NEAR_MISSES: ReadonlySet<string> = new Set([
  'net.nhs',
  'nhs',
  'net',
  'nhs.co',
  'nhs.co.net',
  'nhs.co.uk',
  'nhs.com',
  'nhs.email',
  'nhs.mail',
  'nhs.mail.net',
  'nhs.net.co.uk',
  'nhs.net.com',
  'nhs.net.net',
  'nhs.net.org',
  'nhs.net.uk',
  'nhs.nhs.net',
  'nhs.org',
  'nhs.org.net',
  'nhs.org.uk',
  'nhs.uk.net',
  'nhsmail',
  'nhsmail.co.uk',
  'nhsmail.com',
  'nhsmail.net',
  'nhsmail.nhs.net',
  'nhsmail.org',
  'nhsmail.uk',
  'nhsnet.com',
  'nhsnet.co.uk',
  'nhsnet.net',
  'nhsnet.uk',
  'www.nhs.net',
]);

/** Letters of other alphabets that pass for those of "nhs.net" (Unicode confusables). */
const LOOKALIKES: Readonly<Record<string, string>> = {
  '\u0578': 'n', // Armenian vo
  '\u057c': 'n', // Armenian ra
  '\u043f': 'n', // Cyrillic pe
  '\u03b7': 'n', // Greek eta
  '\u04bb': 'h', // Cyrillic shha
  '\u0570': 'h', // Armenian ho
  '\u0455': 's', // Cyrillic dze
  '\ua731': 's', // Latin small capital s
  '\u0282': 's', // Latin s with hook
  '\u0435': 'e', // Cyrillic ie
  '\u04bd': 'e', // Cyrillic abkhasian che
  '\u03b5': 'e', // Greek epsilon
  '\u0454': 'e', // Cyrillic ie, Ukrainian
  '\u0442': 't', // Cyrillic te
  '\u03c4': 't', // Greek tau
  '\u3002': '.', // ideographic full stop
  '\u2024': '.', // one dot leader
};

export type DomainClass =
  | 'nhsmail'
  /** Below nhs.net: part of NHSmail, and nobody's personal address. */
  | 'nhsmail-service'
  /** Another domain of the NHS or of government. */
  | 'nhs'
  /** A slip for nhs.net. */
  | 'near-miss'
  /** Written with foreign letters to look like nhs.net. */
  | 'lookalike'
  | 'foreign';

/**
 * What kind of domain this is. `domain` in lower case; it need not be a valid one, because a slip often is not
 * ("nhsnet"). Tests are on label edges: `evilnhs.net` and `nhs.net.example.com` are foreign.
 */
export function classifyDomain(domain: string): DomainClass {
  if (domain === NHSMAIL_DOMAIN) return 'nhsmail';
  if (NHS_DOMAINS.some((parent) => domainIsWithin(domain, parent))) return 'nhs';
  if (NEAR_MISSES.has(domain) || isOneSlipFrom(domain, NHSMAIL_DOMAIN))
    return isAscii(domain) ? 'near-miss' : 'lookalike';
  if (looksLikeNhsmail(domain)) return 'lookalike';
  return domainIsWithin(domain, NHSMAIL_DOMAIN) ? 'nhsmail-service' : 'foreign';
}

function looksLikeNhsmail(domain: string): boolean {
  const written = domain.includes('xn--') ? domainToUnicode(domain) : domain;
  if (isAscii(written)) return false;
  const plain = written
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/./gu, (letter) => LOOKALIKES[letter] ?? letter);
  return plain === NHSMAIL_DOMAIN || isOneSlipFrom(plain, NHSMAIL_DOMAIN);
}

function isAscii(text: string): boolean {
  return !/[^\p{ASCII}]/u.test(text);
}
