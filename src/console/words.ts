import { type AccessRole } from '../access/index.js';
import { type CampaignKind, type CampaignState, type RetentionClass } from '../campaigns/index.js';
import { type DeclarationStatus } from '../deadlines/index.js';
import { type MessageState } from '../delivery/index.js';
import { type CqrsRole, type ImportKind, type OrganisationKind } from '../directory/index.js';
import { type ReportView } from '../feedback/index.js';
import { type Segment } from '../segments/index.js';

/** How the pages call things. Each list is complete, so that a new state cannot appear on a page without a name. */

type Colour = 'grey' | 'green' | 'aqua-green' | 'blue' | 'purple' | 'pink' | 'red' | 'orange' | 'yellow' | 'white';
export interface Tag {
  readonly text: string;
  readonly colour: Colour;
}

export interface SegmentWords extends Tag {
  /** What the people in it are asked to do, in one sentence. */
  readonly todo: string;
}

export const SEGMENT_WORDS: Readonly<Record<Segment, SegmentWords>> = {
  nhsmail: {
    text: 'Signs in with NHSmail',
    colour: 'green',
    todo: 'Sign in with NHSmail single sign-on from the day of the change.',
  },
  'nhsmail-unconfirmed': {
    text: 'NHSmail, not confirmed',
    colour: 'aqua-green',
    todo: 'Sign in with NHSmail single sign-on, and check that the account has the right address.',
  },
  mismatched: {
    text: 'Wrong address registered',
    colour: 'orange',
    todo: 'Ask the commissioner, regional office or CQRS administrator for a new account under the NHSmail address.',
  },
  'without-nhsmail': {
    text: 'No NHSmail',
    colour: 'blue',
    todo: 'Keep using the CQRS username and password, and call the service desk at the first sign-in.',
  },
  unknown: {
    text: 'NHSmail not known',
    colour: 'yellow',
    todo: 'Gets both sets of instructions and is asked which one applies.',
  },
  'not-a-person': {
    text: 'Shared mailbox',
    colour: 'purple',
    todo: 'Nobody signs in with it. It passes messages on.',
  },
  invalid: {
    text: 'No usable address',
    colour: 'red',
    todo: 'Cannot be emailed. An administrator has to set up a new account: the address of an account cannot be changed.',
  },
  excluded: {
    text: 'Not in use',
    colour: 'grey',
    todo: 'Not emailed: the account is disabled, or belongs to no open organisation.',
  },
};

export const CAMPAIGN_STATE_TAGS: Readonly<Record<CampaignState, Tag>> = {
  draft: { text: 'Draft', colour: 'grey' },
  'in-review': { text: 'Waiting for approval', colour: 'yellow' },
  approved: { text: 'Approved', colour: 'aqua-green' },
  scheduled: { text: 'Scheduled', colour: 'blue' },
  sending: { text: 'Sending', colour: 'purple' },
  paused: { text: 'Paused', colour: 'orange' },
  finished: { text: 'Finished', colour: 'green' },
  cancelled: { text: 'Cancelled', colour: 'red' },
};

interface KindWords {
  readonly text: string;
  readonly hint: string;
}

export const CAMPAIGN_KIND_WORDS: Readonly<Record<CampaignKind, KindWords>> = {
  'sign-in-notice': {
    text: 'Sign-in change and cutoff',
    hint: 'Tells each user how they will sign in, and when the payment cutoff is. Each group gets its own instructions.',
  },
  'cascade-request': {
    text: 'Request to pass the message on',
    hint: 'Asks commissioners and regions to tell their practices, with the list of practices that need help.',
  },
  'payment-reminder': {
    text: 'Reminders before the cutoff',
    hint: 'Several reminders to whoever still has to declare or approve. They stop as soon as the work is done.',
  },
  'after-cutoff': {
    text: 'Cutoff missed: the next chance',
    hint: 'Tells whoever missed the cutoff when they can declare and approve again.',
  },
  'guidance-follow-up': {
    text: 'Guidance for people without NHSmail',
    hint: 'Waits until somebody releases it, because the guidance has to be ready first. Give its address below, unless the usual address leads to it too.',
  },
  correction: {
    text: 'Correction of dates',
    hint: 'Goes to everybody who was told dates that have changed since, with the old and the new date.',
  },
};

export const MESSAGE_STATE_TAGS: Readonly<Record<MessageState, Tag>> = {
  planned: { text: 'Planned', colour: 'grey' },
  queued: { text: 'Waiting to leave', colour: 'blue' },
  sending: { text: 'Leaving now', colour: 'purple' },
  accepted: { text: 'Sent', colour: 'green' },
  deferred: { text: 'Will be tried again', colour: 'yellow' },
  failed: { text: 'Failed', colour: 'red' },
  unknown: { text: 'May have arrived', colour: 'orange' },
  expired: { text: 'Too late, not sent', colour: 'grey' },
  suppressed: { text: 'Not sent', colour: 'pink' },
  cancelled: { text: 'Cancelled', colour: 'grey' },
  bounced: { text: 'Came back', colour: 'red' },
  complained: { text: 'Reported as unwanted', colour: 'red' },
};

export const DECLARATION_TAGS: Readonly<Record<DeclarationStatus, Tag>> = {
  'not-declared': { text: 'Not declared', colour: 'red' },
  declared: { text: 'Declared', colour: 'yellow' },
  returned: { text: 'Returned to the practice', colour: 'orange' },
  approved: { text: 'Approved', colour: 'aqua-green' },
  'financially-approved': { text: 'Financially approved', colour: 'green' },
};

export const ORGANISATION_KIND_WORDS: Readonly<Record<OrganisationKind, string>> = {
  region: 'Region',
  icb: 'Integrated care board',
  commissioner: 'Commissioner',
  practice: 'Practice',
  trust: 'Trust',
  other: 'Other organisation',
};

/** What a CQRS role lets somebody do about payments. */
export const CQRS_ROLE_WORDS: Readonly<Record<CqrsRole, string>> = {
  View: 'View',
  'Finance View': 'View finance',
  'Declaration Management': 'Declare',
  'Approval Management': 'Approve',
  'Finance Management': 'Financially approve',
  'User Administrator': 'Administer users',
  'Advanced User Administrator': 'Administer users (advanced)',
};

export const IMPORT_KIND_WORDS: Readonly<Record<ImportKind, KindWords>> = {
  organisations: {
    text: 'Organisations (ODS)',
    hint: 'One file of the ODS data set: epraccur, eccg, etr or ICB names, as CSV, or zipped as ODS publishes it.',
  },
  accounts: { text: 'CQRS accounts', hint: 'The full export of CQRS user accounts, as CSV or Excel workbook.' },
  nhsmail: { text: 'NHSmail directory', hint: 'The full extract of the NHSmail directory, as CSV or Excel workbook.' },
  'no-nhsmail': {
    text: 'People without NHSmail',
    hint: 'The full list of accounts known to have no NHSmail, as CSV or Excel workbook.',
  },
  declarations: { text: 'Declaration status', hint: 'Who has declared and approved, as CSV or Excel workbook.' },
};

export const ROLE_WORDS: Readonly<Record<AccessRole, string>> = {
  viewer: 'Viewer: sees everything, changes nothing',
  author: 'Author: drafts campaigns, imports files, sets windows',
  approver: 'Approver: approves campaigns that others wrote',
  operator: 'Operator: schedules, pauses and watches sending',
  admin: 'Administrator: may do everything',
};

export const REPORT_KIND_WORDS: Readonly<Record<ReportView['kind'], string>> = {
  hard: 'The address does not work',
  soft: 'Could not be delivered for now',
  complaint: 'Reported as unwanted',
  'auto-reply': 'Automatic reply',
  delivered: 'Delivered',
  'not-bounce': 'Ordinary mail',
};

/** Why a report waits for somebody. The keys are those of feedback; one that is new shows as it is. */
const REVIEW_REASONS: Readonly<Record<string, string>> = {
  unsigned: 'It did not come to one of our return addresses, so it proves nothing by itself',
  'no-such-message': 'We have no message that it could be about',
  'recipient-unclear': 'It names several people and none of them is ours',
  'not-sent': 'The message that it is about has not been sent',
  'never-accepted': 'The message that it is about was never accepted by the mail server',
};
export const reviewReason = (reason: string): string => REVIEW_REASONS[reason] ?? reason;

interface RetentionWords {
  readonly what: string;
  readonly since: string;
  readonly goes: string;
  readonly stays: string;
}

export const RETENTION_WORDS: Readonly<Record<RetentionClass, RetentionWords>> = {
  messages: {
    what: 'Messages',
    since: 'the day they were due',
    goes: 'Address and contents',
    stays: 'Which account was written to, when, with which outcome, and a fingerprint of the bytes',
  },
  plans: {
    what: 'People in plans',
    since: 'the day the plan was made, and not before its campaign has ended',
    goes: 'Address and contents',
    stays: 'Who was to get what, and why',
  },
  reports: {
    what: 'Returned messages',
    since: 'the day they came',
    goes: 'Addresses and what they said',
    stays: 'That one came, of which kind, and what it was about',
  },
  suppressions: {
    what: 'Blocks of addresses that have ended',
    since: 'the day they were lifted or ran out',
    goes: 'The whole block',
    stays: 'Nothing; a block that holds is kept',
  },
  webhookEvents: {
    what: 'Events of webhooks',
    since: 'the day they happened',
    goes: 'The event and the log of its deliveries',
    stays: 'Nothing',
  },
};

/** Templates by what they say; a template without words here shows its own title elsewhere. */
export const purposeWords = (purpose: string): string => {
  const [kind = '', step = ''] = purpose.split(':');
  const words = (CAMPAIGN_KIND_WORDS as Readonly<Record<string, KindWords>>)[kind]?.text;
  if (kind === 'test') return 'Test';
  if (kind === 'nudge') return 'Request to pass the message on (nudge)';
  if (kind === 'escalation') return 'Request to pass the message on (after silence)';
  if (words === undefined) return purpose;
  const stepText = stepWords(step);
  return stepText === '' ? words : `${words} (${stepText})`;
};

/** A step of a campaign; empty for the only one of a campaign without several. */
export function stepWords(step: string): string {
  // Steps of a moved or repeated launch carry its instant.
  const name = step.replace(/-since-\d+$/, '');
  return name === 'launch' ? '' : name.replaceAll('-', ' ');
}

/** Those who act and are no person, by what the pages call them. */
export const NAMELESS: Readonly<Record<string, readonly string[]>> = {
  'The service': ['system:scheduler', 'system:worker'],
  'Somebody at the terminal': ['system:cli', 'system:terminal'],
};

/** Who did something and is not known by name. */
export function actorWords(actor: string): string {
  const [name] = Object.entries(NAMELESS).find(([, actors]) => actors.includes(actor)) ?? [];
  if (name !== undefined) return name;
  if (actor.startsWith('system:')) return 'The service';
  if (actor.startsWith('key:')) return `API key ${actor.slice(4)}`;
  return 'Somebody who has never signed in here';
}

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
