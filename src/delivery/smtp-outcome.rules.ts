import type { SmtpReply } from './smtp-reply.parser.js';
import type { Outcome } from './transport.js';

const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?=\s|$)/;
const ADDRESS = /[^\s<>()[\]"',;:=]+@[^\s<>()[\]"',;:]+/g;
/** Enough to understand any reply; the rest is links and legal text. */
const LONGEST_RESPONSE = 500;

interface ThrottleRule {
  readonly code?: RegExp;
  readonly enhanced?: RegExp;
  readonly text?: RegExp;
}

/** First match wins; `throttled` is what it is about the sender as a whole and not about this one message. */
const NOT_THROTTLED: readonly ThrottleRule[] = [
  // Said of a recipient or of the message: its own turn comes later, everybody else's need not wait.
  { text: /gr[ae]y.?list|mailbox (?:is )?(?:full|over quota)|quota exceeded for (?:user|recipient|mailbox)/i },
  { text: /too many (?:hops|received|recipients|loops)/i },
  // Gmail 4.2.1: one recipient receives too much.
  { enhanced: /^[45]\.2\.[12]$/ },
];
const THROTTLED: readonly ThrottleRule[] = [
  // RFC 5321 section 4.2.3: the service is closing the channel; in practice, too many connections or messages.
  { code: /^421$/ },
  // RFC 3463: 4.3.1 system full, 4.3.2 not accepting messages, 4.4.5 congestion, 4.7.x refused by policy for now
  // (Exchange Online 4.7.500-4.7.699 server busy, 4.7.0 rate limits of Gmail and Yahoo).
  { code: /^4/, enhanced: /^4\.(?:3\.[12]|4\.5|7\.\d+)$/ },
  // Exchange Online names the sender's own limits with a permanent code: 5.7.705, 5.7.708, 5.7.750; Gmail 5.4.5.
  { enhanced: /^5\.(?:7\.(?:705|708|750)|4\.5)$/ },
  // RFC 4954 section 6: authentication required. Exchange Online: 5.7.57 not signed in, 5.7.60 and 5.2.252 may not send
  // as this sender.
  { code: /^530$/ },
  { enhanced: /^5\.(?:7\.(?:57|60)|2\.252)$/ },
  { text: /throttl|too many|rate.?limit|sending (?:limit|quota|rate)|submission ?quota|server (?:is )?busy/i },
  { text: /try again later.*(?:limit|quota)|(?:hourly|daily|message) (?:limit|quota) (?:exceeded|reached)/i },
];

/** What a final reply means for the message. `accepted` for any 2xx. */
export function outcomeOf(reply: SmtpReply): Outcome {
  const { code } = reply;
  const response = scrub(reply.text);
  if (code < 300) return { kind: 'accepted', code, response };
  const enhanced = ENHANCED.exec(reply.text)?.[1];
  const kind =
    matches(THROTTLED, reply, enhanced) && !matches(NOT_THROTTLED, reply, enhanced) ? 'throttled' : undefined;
  return {
    kind: kind ?? (code >= 500 ? 'permanent' : 'transient'),
    code,
    ...(enhanced === undefined ? {} : { enhanced }),
    response,
  };
}

/**
 * What a failure to connect, greet or sign in means for a message that was not even begun: a server too busy to greet
 * slows everybody down; any other refusal is about the connection, never about the message.
 */
export function outcomeBeforeMessage(reason: string, reply?: SmtpReply): Outcome {
  const outcome = reply ? outcomeOf(reply) : undefined;
  return outcome?.kind === 'throttled'
    ? { ...outcome, blameless: true }
    : { kind: 'not-sent', reason: scrub(reason), blameless: true };
}

/** Of the size of the message, which is named with its sender: RFC 1870 section 6.1. */
const TOO_LARGE = /^5\.(?:3\.4|2\.3)$/;

/**
 * What the reply to MAIL means for a message. All have the same sender: a server that refuses it for good (not signed
 * in, may not send as this) would refuse every message of a campaign, one after the other.
 */
export function outcomeOfSender(reply: SmtpReply): Outcome {
  const outcome = outcomeOf(reply);
  if (reply.code < 500 || reply.code === 552 || ('enhanced' in outcome && TOO_LARGE.test(outcome.enhanced ?? ''))) {
    return outcome;
  }
  return { kind: 'not-sent', reason: scrub(`The sender was refused: ${reply.code} ${reply.text}`), blameless: true };
}

/** RFC 6531 section 3.5: what a server without SMTPUTF8 answers. Decided here, before any connection. */
export const UNMAILABLE: Outcome = {
  kind: 'permanent',
  code: 553,
  enhanced: '5.6.7',
  response: 'Refused before sending: the address is not one plain ASCII address',
};

/** The text on one line, without any address in it. */
export function scrub(text: string): string {
  const nameless = text.includes('@') ? text.replace(ADDRESS, '[address]') : text;
  return nameless.replace(/\s+/g, ' ').slice(0, LONGEST_RESPONSE);
}

function matches(rules: readonly ThrottleRule[], reply: SmtpReply, enhanced = ''): boolean {
  return rules.some(
    ({ code, enhanced: status, text }) =>
      (!code || code.test(String(reply.code))) &&
      (!status || status.test(enhanced)) &&
      (!text || text.test(reply.text)),
  );
}
