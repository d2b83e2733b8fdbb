import { CHANGED_SINCE_APPROVAL } from '../campaigns/index.js';
import { type Reason } from '../feedback/index.js';
import { actorWords, capitalised } from './words.js';

/** Why a message is in its state, where the service itself says so. What a mail server says is shown as it said it. */
const REASONS: Readonly<Record<string, string>> = {
  'the worker fell silent': 'The sending program stopped in the middle of it',
  [CHANGED_SINCE_APPROVAL]: 'The directory has said something else about this person since the campaign was approved',
  'no longer blocking': 'What it reminds of was done before it left',
  'opted-out': 'The recipient asked not to get messages like this',
  'trial-mode': 'Trial mode is on, and the address is not on its list',
  redacted: 'Its personal data was removed',
};

/** Why a message came back. */
const RETURNED: Readonly<Record<Reason, string>> = {
  authfailure: 'The receiving server could not verify the sender',
  badreputation: 'The receiving server distrusts our mail server',
  blocked: 'The receiving server refuses our mail server',
  contenterror: 'The receiving server could not read the message',
  delivered: 'It was delivered',
  exceedlimit: 'The message exceeded a limit of the receiving server',
  expired: 'The mail server tried for too long and gave up',
  feedback: 'The recipient reported it',
  filtered: 'A filter of the receiving server refused it',
  hasmoved: 'The recipient has another address now',
  hostunknown: 'The domain of the address does not exist',
  mailboxfull: 'The mailbox was full',
  mailererror: 'A program of the receiving server failed',
  mesgtoobig: 'The message was too big',
  networkerror: 'The receiving server could not be reached',
  norelaying: 'The mail server does not pass mail on to the address',
  notaccept: 'The domain of the address takes no mail',
  onhold: 'The receiving server holds it back',
  policyviolation: 'A policy of the receiving server forbids it',
  rejected: 'The receiving server refuses the sender',
  requireptr: 'Our mail server has no name that can be looked up',
  securityerror: 'A security check of the receiving server failed',
  spamdetected: 'It was taken for spam',
  speeding: 'Too much mail came at once',
  suspend: 'The mailbox is suspended',
  syntaxerror: 'The mail servers did not understand each other',
  systemerror: 'The receiving server has a fault',
  systemfull: 'The receiving server is full',
  toomanyconn: 'There were too many connections at once',
  undefined: 'The report gives no reason that is known',
  userunknown: 'The mailbox does not exist',
  vacation: 'The recipient is away',
  virusdetected: 'It was taken for a virus',
};
const isReturned = (reason: string): reason is Reason => Object.hasOwn(RETURNED, reason);
const NOBODY: ReadonlyMap<string, string> = new Map();

/** `names`: of people who signed in, by their ids in the audit trail. */
export function messageReason(reason: string, names = NOBODY): string {
  const known = REASONS[reason];
  if (known !== undefined) return known;
  const [code = '', status] = reason.split(' ', 2);
  if (isReturned(code) && /^(?:[245]\.\d+\.\d+)?$/.test(reason.slice(code.length + 1))) {
    return `${RETURNED[code]}${status === undefined ? '' : ` (${status})`}`;
  }
  if (/^(?:hard-bounce|repeated-)/.test(reason)) return `The address is blocked: ${uncapitalised(blockReason(reason))}`;
  const text = reason.replace(
    /\b(?:person|key|system):[\w:-]+/g,
    (actor) => names.get(actor) ?? inSentence(actorWords(actor)),
  );
  return capitalised(text);
}

/** Why nothing is sent to an address. */
export function blockReason(reason: string): string {
  if (reason === 'hard-bounce') return 'It does not work';
  const repeated = reason.replace(/^repeated-/, '');
  if (repeated !== reason && isReturned(repeated)) return `Again and again, ${uncapitalised(RETURNED[repeated])}`;
  return capitalised(reason.replaceAll('-', ' '));
}

const uncapitalised = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** Who is named in a reason, by their ids in the audit trail. */
export const actorsIn = (reason: string): string[] => reason.match(/\bperson:[0-9a-f-]{36}/g) ?? [];

const inSentence = (words: string) => (words.startsWith('API') ? words : uncapitalised(words));
