import { type CqrsRole } from '../directory/index.js';
import { type Segment } from '../segments/index.js';

/** What a contact does for the organisation, by the CQRS roles held there. */
const DUTIES = {
  administers: ['User Administrator', 'Advanced User Administrator'],
  approves: ['Approval Management', 'Finance Management'],
  declares: ['Declaration Management'],
} as const satisfies Record<string, readonly CqrsRole[]>;
export type Duty = keyof typeof DUTIES;
const DUTY_NAMES = Object.keys(DUTIES) as Duty[];

/** Why the holder of an account needs help to sign in after the change; nothing when they do not. */
export type Need = 'mismatched' | 'unknown' | 'unreachable';

export interface ContactAccount {
  readonly id: string;
  readonly personKey: string;
  readonly segment: Segment;
  /** Its address takes no mail at present. */
  readonly suppressed: boolean;
}

export interface Contact {
  readonly accountId: string;
  readonly personKey: string;
  readonly duties: readonly Duty[];
  readonly isShared: boolean;
}

/** What an account in each segment calls for from a commissioner. Null: nothing. */
const NEEDS: Readonly<Record<Segment, Need | null>> = {
  nhsmail: null,
  'nhsmail-unconfirmed': null,
  'without-nhsmail': null,
  'not-a-person': null,
  excluded: null,
  mismatched: 'mismatched',
  unknown: 'unknown',
  invalid: 'unreachable',
};

/** What stands on a worklist: the needs, and those of whom mail suggests that they have left. */
export type WorklistNeed = Need | 'left';

/** What each need asks the commissioner to do. */
export const NEED_ACTIONS: Readonly<Record<WorklistNeed, string>> = {
  left: 'Mail to this NHSmail address comes back for good: ask whether the person has left, and if so have the account disabled; if not, request a new account under an address that works',
  mismatched: 'Request a new CQRS account under the person’s own NHSmail address, with the same roles',
  unknown:
    'Ask the person whether they have NHSmail: if so, and its address is not the one registered, request a new account under it; if not, tell the CQRS team',
  unreachable:
    'No email reaches this address: tell the person yourself, and request an account under an address that works',
};

/** Instead, where the person has an account under their own NHSmail address beside this one. */
export const USE_OTHER_ACCOUNT =
  'The person has an account under their own NHSmail address: give it the same roles, and request no other';

export function needOf({ segment, suppressed }: Pick<ContactAccount, 'segment' | 'suppressed'>): Need | null {
  if (segment === 'excluded') return null;
  return suppressed ? 'unreachable' : NEEDS[segment];
}

/** Whether an email to the registered address can be expected to arrive. */
export function isMailable({ segment, suppressed }: Pick<ContactAccount, 'segment' | 'suppressed'>): boolean {
  return segment !== 'excluded' && segment !== 'invalid' && !suppressed;
}

/** An account with what it may do in one organisation. */
export interface Member {
  readonly account: ContactAccount;
  readonly roles: readonly CqrsRole[];
}

/** Who is turned to, as in `placesOf`, with one place for each person. The first is the contact, the rest are deputies. */
export function contactsOf(members: readonly Member[]): Contact[] {
  const seen = new Set<string>();
  return placesOf(members).filter(({ personKey }) => !seen.has(personKey) && seen.add(personKey));
}

/**
 * Accounts that can be written to, in the order in which they are turned to: who administers users, then who approves,
 * then who declares, then anybody else; a person before a shared mailbox of the same duty.
 */
export function placesOf(members: readonly Member[]): Contact[] {
  return members
    .filter(({ account }) => isMailable(account))
    .map(({ account, roles }) => ({
      accountId: account.id,
      personKey: account.personKey,
      duties: DUTY_NAMES.filter((duty) => DUTIES[duty].some((role: CqrsRole) => roles.includes(role))),
      isShared: account.segment === 'not-a-person',
    }))
    .sort(
      (a, b) =>
        weight(a) - weight(b) || Number(a.isShared) - Number(b.isShared) || (a.accountId < b.accountId ? -1 : 1),
    );
}

function weight({ duties }: Pick<Contact, 'duties'>): number {
  const [first] = duties;
  return first === undefined ? DUTY_NAMES.length : DUTY_NAMES.indexOf(first);
}
