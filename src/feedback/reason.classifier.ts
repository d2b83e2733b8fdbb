import { compilePhrase, holds, normalise, type Phrase } from './phrase.matcher.js';
import { certainRules, hearsayRules, looseRules, reputationRules, vagueRules } from './reason.rules.js';
import type { PhraseRule } from './phrase.types.js';
import type { Reason, RecipientKind } from './report.types.js';
import { pointsAtAddress, reasonOfStatus } from './status.rules.js';

/** Where in the SMTP conversation the refusal came. */
export type Stage = 'connect' | 'helo' | 'mail' | 'rcpt' | 'data' | 'unknown';

/** All that a report says about one recipient. */
export interface Evidence {
  /** RFC 3464 Action, lower case, or empty. */
  readonly action: string;
  /** RFC 3464 Status, or empty. */
  readonly status: string;
  /** RFC 3464 diagnostic type (smtp, x-unix, x-postfix), lower case, or empty. */
  readonly diagnosticType: string;
  /** What the refusing system said. */
  readonly diagnostic: string;
  /** What the reporting system said around it; asked only where the diagnostic decides nothing. */
  readonly context: string;
  /** The answer names whoever wrote, and not the recipient. */
  readonly namesSender?: boolean;
}

/** The verdict on one recipient. */
export interface Verdict {
  readonly kind: RecipientKind;
  readonly reason: Reason;
  readonly status: string | null;
}

/** Causes stand at the front; what follows is boilerplate and copies of the message. */
const MAX_SAID = 4_000;
const arrived = new Set(['delivered', 'relayed', 'expanded', 'deliverable']);
/** The address is gone. Nothing else is hard: a full mailbox, a block or a policy says nothing about the address. */
const gone: ReadonlySet<Reason> = new Set(['userunknown', 'hostunknown', 'hasmoved', 'notaccept']);

/** Troubles of the way there: where a vague word names one of them, a code that blames the address is not believed. */
const beatsCode: ReadonlySet<Reason> = new Set([
  'mailererror',
  'expired',
  'networkerror',
  'speeding',
  'systemfull',
  'toomanyconn',
]);

/**
 * Two causes told in the same words, where the code says which. RFC 3463: a size limit of the system, or of the mailbox
 * (X.2.3); RFC 5321's "user not local" of a server that does not relay, or that knows where the user has gone (X.1.6).
 */
const sameWords: Partial<Readonly<Record<Reason, Reason>>> = { mesgtoobig: 'exceedlimit', norelaying: 'hasmoved' };

interface CompiledRule extends PhraseRule {
  readonly compiled: readonly Phrase[];
}

const compile = (rule: PhraseRule): CompiledRule => ({ ...rule, compiled: rule.phrases.map(compilePhrase) });
const certain = certainRules.map(compile);
const hearsay = hearsayRules.map(compile);
const reputation = reputationRules.map(compile);
const vague = vagueRules.map(compile);
const loose = looseRules.map(compile);

/** Decides from the evidence: text before code, the refusing system before the reporting one, code when text is silent. */
export function judge(report: Evidence): Verdict {
  const evidence = ofProbe({
    ...report,
    diagnostic: report.diagnostic.slice(0, MAX_SAID),
    context: report.context.slice(0, MAX_SAID),
  });
  const code = codesOf(evidence);
  if (arrived.has(evidence.action) || (evidence.action === '' && code.status.startsWith('2'))) {
    return { kind: 'delivered', reason: 'delivered', status: code.status || null };
  }
  const reason = reasonOf(evidence, code.status);
  // Gmail gives up at once on a domain that the DNS denies, and still says 4.0.0.
  const denied = evidence.action === 'failed' && reason === 'hostunknown' && /nxdomain/i.test(evidence.diagnostic);
  const forNow = code.temporary || codesOf(report).temporary;
  const lasts = denied || (!forNow && evidence.action !== 'delayed');
  return { kind: gone.has(reason) && lasts ? 'hard' : 'soft', reason, status: code.status || null };
}

/** The code of a refusal after a probe is the prober's own, as is what the report repeats of it. */
function ofProbe(evidence: Evidence): Evidence & { readonly probed: boolean } {
  const outcome = evidence.diagnostic.replace(PROBED, '');
  if (outcome === evidence.diagnostic) return { ...evidence, probed: false };
  return { ...evidence, diagnostic: outcome, status: '', context: '', probed: true };
}

/** "550 <gone@example.org> no such user": answers to a whole message do not begin with one of its recipients. */
const NAMES_RECIPIENT = /^\s*5\d\d[ -]+<?[^\s<>@]{1,128}@[^\s<>@]{1,255}/;
const NOBODY =
  '(?:(?:unknown|invalid|no such) (?:user|recipient|mailbox|account)|(?:user|recipient|mailbox|account)(?: is)? (?:unknown|invalid|not found))';
/** "550 unknown user <gone@example.org>": nor do they name one, unless they say what came before. */
const NAMES_UNKNOWN = new RegExp(`^\\s*5\\d\\d[ -]+${NOBODY}:?\\s+<?[^\\s<>@]{1,128}@[^\\s<>@]{1,255}`, 'i');

/** Codes that name the sender and its domain (RFC 3463, RFC 7505): what is unknown, or takes no mail, is ours. */
const OF_SENDER = /^[45]\.(?:1\.[78]|7\.27)$/;

/** Codes that name the message, its security or the system: no word about something unknown is about the address then. */
const OTHER_SUBJECT = /^5\.(?:6\.\d+|7\.(?!1$)\d+|3\.(?!0$)\d+)$/;

/** Trouble that passes: a directory that could not be asked says nothing about who is in it. */
const PASSING =
  /unexpected name server reply|temporar|again later|, try again|lookup fail|internal error|server (?:failure|misbehaving)|timed out/;

/** What Postfix says when the address was probed before, and Exim of a recipient. The outcome of the probe follows. */
const PROBED =
  /^(?:.{0,400}?recipient address rejected: (?:undeliverable|unverified) address: |(?:(?!sender).){0,400}?callout verification failed:\s+)(?=\S)/is;

const NAME_SERVICE = /name server|name service|\bdns\b/;

/** qmail's way of writing a code, which many gateways took over. */
const BEHIND = /\(#(5\.\d{1,3}\.\d{1,3})\)/g;

function reasonOf(evidence: ReturnType<typeof ofProbe>, status: string): Reason {
  const said = normalise(stripWrapper(evidence.diagnostic).replace(GUESSES, ''));
  const around = normalise(evidence.context.replace(GUESSES, ''));
  const told = WRAPPER.test(evidence.diagnostic) ? 'rcpt' : stageOf(`${said}\n${around}`);
  // A probe names recipients and sends no message.
  const stage = told === 'unknown' && evidence.probed ? 'rcpt' : told;
  // Before any recipient was named, no answer can be about one.
  const early = stage === 'connect' || stage === 'helo';
  // "550 5.7.0 local policy violation - invalid recipient (#5.1.1)": a code of its own behind the one of the gateway.
  const codes = [status, ...[...stripWrapper(evidence.diagnostic).matchAll(BEHIND)].map(([, code]) => code ?? '')];
  const uncoded = status === '' || status.endsWith('.0.0');
  const pointed = codes.some(pointsAtAddress);
  const witnessed =
    stage === 'rcpt' ||
    pointed ||
    (uncoded && NAMES_RECIPIENT.test(evidence.diagnostic)) ||
    (uncoded && stage === 'unknown' && NAMES_UNKNOWN.test(evidence.diagnostic));
  const coded = status === '' ? undefined : reasonOfStatus(status);
  const trouble = phraseReason(said, loose, witnessed);
  const passing = PASSING.test(said);
  const codeStands = trouble === undefined || !(passing || beatsCode.has(trouble) || read(stage, trouble));
  const ofPolicy = status.startsWith('5.7.');
  const sight = { pointed, witnessed, ofPolicy, otherSubject: OTHER_SUBJECT.test(status), aside: false };
  const beside = { ...sight, aside: said.trim() !== '' && !uncoded && !pointed };
  const own = named(said, sight);
  const clear =
    behindBoilerplate(said) ??
    (ANSWER.test(evidence.diagnostic) ? own : withoutAdvice(own, evidence.diagnostic, sight)) ??
    (codeStands && trouble !== undefined && coded !== undefined && gone.has(coded) ? coded : trouble) ??
    hinted(said, sight) ??
    withoutAdvice(named(around, beside), evidence.context, beside);
  const aside = clear === undefined ? phraseReason(around, loose, witnessed) : undefined;
  const reason = clear ?? (aside === undefined ? hinted(around, beside) : undefined);
  // A delivery agent's own words describe its trouble, whatever exit code the mail system made of them.
  if (evidence.diagnosticType === 'x-unix' && reason !== 'mailboxfull') return 'mailererror';
  if (early && (reason === undefined || reason === 'filtered' || gone.has(reason))) return 'blocked';
  const ofSender = stage === 'mail' || OF_SENDER.test(status) || evidence.namesSender === true;
  if (reason !== undefined && gone.has(reason) && ofSender) return 'rejected';
  if (reason !== undefined && coded !== undefined && isElsewhere(reason, status, said)) return coded;
  const unsure = passing || (uncoded && said.trim() === '' && PASSING.test(around));
  if (unsure && reason === 'hostunknown' && !status.startsWith('4')) return 'networkerror';
  if (reason !== undefined && coded !== undefined && sameWords[reason] === coded && !said.includes('sizelimit'))
    return coded;
  if (reason !== undefined) return reason;
  if (evidence.action === 'delayed' || evidence.action === 'expired') return 'expired';
  // X.4.7 is that time was up. Nobody answering is how that looks; a name that could not be looked up is a cause.
  if (status.endsWith('.4.7') && aside === 'networkerror' && NAME_SERVICE.test(around)) return aside;
  if (passing && coded !== undefined && gone.has(coded)) return aside ?? 'onhold';
  return coded ?? aside ?? (status.startsWith('4') ? 'onhold' : 'undefined');
}

/** A server's own words: whoever answers with a code knows what happened, unless the sentence tells what codes mean. */
const ANSWER = /(?<![\d.])[45](?:\d\d[ -]|\.\d{1,3}\.\d{1,3}\s)(?!(?:[a-z]{1,20} ){0,4}means\b)/i;

/** What may have happened, and what a code means in general, is advice to the reader and no account of this failure. */
const ADVICE =
  /\b(?:if|unless|whether|may (?:be|not|have|no longer)|might|perhaps|possibl[ey]|usually|typically|commonly|common|means|falls|möglicherweise|peut-être)\b/i;

/** The same cause, unless it takes an address for gone on the word of advice alone: then what the other sentences tell. */
function withoutAdvice(cause: Reason | undefined, context: string, sight: Sight): Reason | undefined {
  if (cause === undefined || !gone.has(cause)) return cause;
  const sentences = context.replace(GUESSES, '').split(/(?<=[.!?])\s+|\n\s*\n/);
  return named(normalise(sentences.filter((sentence) => !ADVICE.test(sentence)).join('\n')), sight);
}

/** Whether a code names something else than the address, so that what is gone is a link, our host or a key. */
function isElsewhere(reason: Reason, status: string, said: string): boolean {
  if (status.startsWith('5.6.')) return gone.has(reason);
  if (reason === 'notaccept') return OTHER_SUBJECT.test(status) && status.startsWith('5.7.');
  return reason === 'hostunknown' && (OTHER_SUBJECT.test(status) || (OF_TALK.test(status) && !SAYS_WHOSE.test(said)));
}

/** Codes of the conversation and of policies: they name no recipient's domain, unless the answer does. */
const OF_TALK = /^5\.(?:5\.[1-9]|7\.1$)/;
const SAYS_WHOSE = /<@>|recipient|rcpt|destination|rout(?:e|ab)/;

/** What RFC 5321 has a 550 say, whatever its cause ("not found, no access, or rejected for policy reasons"). */
const BOILERPLATE = 'requested action not taken: mailbox unavailable';
const BEHIND_IT = 160;

/** The cause that GMX and others tell behind those words; what they mean by themselves is left to the tables. */
function behindBoilerplate(text: string): Reason | undefined {
  const at = text.indexOf(BOILERPLATE);
  if (at === -1) return undefined;
  const rest = withoutHosts(text.slice(at + BOILERPLATE.length).slice(0, BEHIND_IT));
  const cause = [certain, reputation, loose].map((rules) => phraseReason(rest, rules, false)).find(Boolean);
  return cause === undefined || cause === 'filtered' || gone.has(cause) ? undefined : cause;
}

/** In what light a text is read. */
interface Sight {
  /** A code points at the address. */
  readonly pointed: boolean;
  /** A code does, or the refusal came at RCPT: see {@link PhraseRule.needsWitness}. */
  readonly witnessed: boolean;
  /** A code says that somebody did not want the message (X.7.Y). */
  readonly ofPolicy: boolean;
  /** A code points at something else. */
  readonly otherSubject: boolean;
  /** The text stands around an answer whose code names a cause: there, common words are about anything. */
  readonly aside: boolean;
}

/** The cause that a text tells in clear words. */
function named(text: string, sight: Sight): Reason | undefined {
  const { pointed, witnessed, aside } = sight;
  const sure = phraseReason(text, certain, witnessed);
  if (sure !== undefined) return sure;
  const heard = aside ? undefined : heardIn(text, sight);
  if (pointed && !PASSING.test(text)) {
    return heard ?? phraseReason(text, reputation, witnessed) ?? phraseReason(text, vague, witnessed);
  }
  // Servers are named after what they do: "host antispam.example.org said: 550 User unknown".
  return phraseReason(heard === undefined ? text : withoutHosts(text), reputation, witnessed) ?? heard;
}

/** What anybody's words tell. A code of policies makes a refusal out of a recipient who is "rejected", and no absence. */
function heardIn(text: string, { pointed, witnessed, ofPolicy }: Sight): Reason | undefined {
  const heard = phraseReason(text, hearsay, witnessed);
  if (!ofPolicy || pointed || heard === undefined || !gone.has(heard)) return heard;
  return phraseReason(text.replace(REFUSED, ' '), hearsay, witnessed) ?? 'filtered';
}

const REFUSED = /recipient (?:is |was )?(?:rejected|refused|not accepted)/g;

/** An unknown mailbox that a text only hints at; asked only where it tells no other trouble. */
const hinted = (text: string, { witnessed, otherSubject, aside }: Sight): Reason | undefined =>
  witnessed && !otherSubject && !aside && !PASSING.test(text)
    ? phraseReason(text.replace(THINGS, ' '), vague, witnessed)
    : undefined;

/** Other things than addresses that are not found, not known or no longer there: "mailbox server not found". */
const THINGS =
  /\b(?:servers?|services?|host|hostname|relay|backend|store|queue|session|connection|route|directory|file|mx record|ip address|link|url|certificate|your \w{1,20})(?: for)?(?: [\w.-]{1,80}\.[\w-]{1,20})? (?:is |was )?(?:not (?:found|known)|does(?: not|n't) exist|no longer|unknown|invalid)/g;

const withoutHosts = (text: string): string =>
  text
    .split(' ')
    .filter((word) => !/\.[a-z]{2}/.test(word))
    .join(' ');

/** An answer to the message itself: whoever read that far, and names the message, had accepted the recipient. */
const read = (stage: Stage, trouble: Reason): boolean =>
  stage === 'data' && (trouble === 'policyviolation' || trouble === 'contenterror' || trouble === 'filtered');

function phraseReason(text: string, rules: readonly CompiledRule[], witnessed: boolean): Reason | undefined {
  if (text.trim() === '') return undefined;
  for (const rule of rules) {
    if (!rule.compiled.some((phrase) => holds(text, phrase))) continue;
    if (!rule.needsWitness || witnessed) return rule.reason;
    if (rule.otherwise !== undefined) return rule.otherwise;
  }
  return undefined;
}

/**
 * Cisco's gateway, and Amazon SES once behind it, puts a guess of its own in front of every refusal of a recipient:
 * "5.1.0 - Unknown address error 550-'5.2.2 ...'". For a refusal of the message it is 5.3.0.
 */
const WRAPPER = /^\s*5\.1\.0 - Unknown address error\s*/i;
/** What that gateway and Domino put in front of an answer that they repeat: the answer counts. */
const GUESSES =
  /(?:5\.[13]\.0 - (?:unknown address error|other mail system problem)|smtp protocol returned a permanent error)(?=\s+[45]\d\d)/gi;
const stripWrapper = (text: string): string => text.replace(WRAPPER, '');

function codesOf(evidence: Evidence): { status: string; temporary: boolean } {
  const text = stripWrapper(evidence.diagnostic).replace(/[\d.]{7,15}\]/g, ' ');
  const paired = [...text.matchAll(/\b([245])\d\d[ -]+['"(#]{0,2}([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/g)];
  const bare = [...text.matchAll(/(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/g)];
  const written = paired.at(-1)?.[2] ?? bare[0]?.[1] ?? '';
  const vague = written === '' || written.endsWith('.0.0');
  const status =
    vague && evidence.status !== '' && !evidence.status.endsWith('.0.0') ? evidence.status : written || evidence.status;
  const reply = /(?<![\d.])([245])\d\d(?=[ -])(?! ?(?:bytes|kb|mb))/i.exec(text)?.[1];
  // "550 4.1.1": the reply says for good, both codes say for now, and an address that may be there is left alone.
  const denied = paired.at(-1)?.[2]?.startsWith('4') === true && evidence.status.startsWith('4');
  return { status, temporary: denied || (reply ?? status.charAt(0)) === '4' };
}

/** Phrases by which mail systems tell which command was refused: Postfix, Exim, qmail, Sendmail transcripts, m-FILTER, Gmail's states. */
const stagePhrases: readonly (readonly [Stage, readonly string[]])[] = [
  [
    'rcpt',
    [
      'in reply to rcpt to',
      'after rcpt',
      'following rcpt command',
      'did not like our rcpt to',
      '[rcpt_to]',
      'smtp:rcpt',
      'after pipelined rcpt',
      '>>> rcpt to',
      'does not like recipient',
      '(state 14)',
      'smtp command rcpt',
      'sent >>> rcpt to',
      '(rcpt to)',
      'rcpt to:<@> ',
      'command: rcpt',
      'in response to rcpt',
      "'rcpt to",
      'rcpt to command',
      'rcpt to generated following response',
    ],
  ],
  [
    'mail',
    [
      'in reply to mail from',
      'after mail from',
      'following mail command',
      'did not like our mail from',
      'after pipelined mail',
      '>>> mail from',
      'but sender was rejected',
      '(state 13)',
      'smtp command mail',
      'sent >>> mail from',
      'command: mail',
    ],
  ],
  [
    'data',
    [
      'in reply to end of data',
      'following data command',
      'did not like our data',
      'in reply to data',
      'after end of data',
      'after data',
      'after pipelined data',
      'after sending data',
      '>>> data',
      'failed after i sent the message',
      'smtp command data',
      'command: data',
      'sent >>> .',
      'end of message',
      '(state 17)',
      '(state 18)',
      'error transferring',
    ],
  ],
  [
    'helo',
    [
      'in reply to helo',
      'did not like our ehlo',
      'did not like our helo',
      'in reply to ehlo',
      'after helo',
      'after ehlo',
      '>>> helo',
      '>>> ehlo',
      'my name was rejected',
      'smtp command ehlo',
      'smtp command helo',
    ],
  ],
  [
    'connect',
    [
      'refused to talk to me',
      'but greeting failed',
      'after initial connection',
      'connected to * but greeting',
      'while talking to * <<< 5',
      'during connection',
    ],
  ],
];

const stages = stagePhrases.map(([stage, phrases]) => [stage, phrases.map(compilePhrase)] as const);

function stageOf(text: string): Stage {
  const said = text.replace(/-{2,}/g, '');
  return stages.find(([, phrases]) => phrases.some((phrase) => holds(said, phrase)))?.[0] ?? 'unknown';
}
