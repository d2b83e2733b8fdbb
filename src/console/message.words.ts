import { actorWords } from './words.js';

/** Why a message is in its state, where the service itself says so. What a mail server says is shown as it said it. */
const REASONS: Readonly<Record<string, string>> = {
  'the worker fell silent': 'The sending program stopped in the middle of it',
  'no longer blocking': 'What it reminds of was done before it left',
  'opted-out': 'The recipient asked not to get messages like this',
  'trial-mode': 'Trial mode is on, and the address is not on its list',
  redacted: 'Its personal data was removed',
  'hard-bounce': 'The address is blocked: it does not work',
  'repeated-mailbox-full': 'The address is blocked: its mailbox was full again and again',
};
const NOBODY: ReadonlyMap<string, string> = new Map();

/** `names`: of people who signed in, by their ids in the audit trail. */
export function messageReason(reason: string, names = NOBODY): string {
  const known = REASONS[reason];
  if (known !== undefined) return known;
  const text = reason.replace(
    /\b(?:person|key|system):[\w:-]+/g,
    (actor) => names.get(actor) ?? inSentence(actorWords(actor)),
  );
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Who is named in a reason, by their ids in the audit trail. */
export const actorsIn = (reason: string): string[] => reason.match(/\bperson:[0-9a-f-]{36}/g) ?? [];

const inSentence = (words: string) =>
  words.startsWith('API') ? words : words.charAt(0).toLowerCase() + words.slice(1);
