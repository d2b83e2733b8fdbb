import { createHash } from 'node:crypto';
import type { Segment, SegmentResult } from './segment.types.js';

/** What the merge needs of a result: a caller that streams a million accounts keeps no more than this. */
export type MergeableAccount = Pick<SegmentResult, 'accountId' | 'segment' | 'address' | 'nhsmail'>;

/** Everybody at one mailbox, and everything of one person: written to once, with one instruction. */
export interface Person {
  /** Stable from run to run and free of any address in clear: a pseudonym, not anonymity. */
  readonly personKey: string;
  /** The instruction. It is the lead account's segment. */
  readonly segment: Segment;
  /** The account that the instruction is about; the others are old accounts of the person or share the mailbox. */
  readonly leadAccountId: string;
  /** All of them, the lead first, then by id. */
  readonly accounts: readonly { readonly accountId: string; readonly segment: Segment }[];
}

/**
 * Who speaks for the person. An account that works under single sign-on comes first, because it makes the others
 * unnecessary. `nhsmail-unconfirmed` comes after everything that says something is known to be in the way.
 */
const LEADING: Readonly<Record<Segment, number>> = {
  nhsmail: 0,
  mismatched: 1,
  'without-nhsmail': 2,
  unknown: 3,
  'nhsmail-unconfirmed': 4,
  'not-a-person': 5,
  invalid: 6,
  excluded: 7,
};

/**
 * Merges accounts into persons: accounts of one NHSmail entry (where that is certain) and accounts with one registered
 * address belong together. Two accounts at one address that the directory gives to two people stay two persons.
 * A name alone merges nobody, however rare it looks: the second of two namesakes would be told nothing, or told to use
 * an account that is not theirs.
 */
export function groupPersons(accounts: Iterable<MergeableAccount>): Person[] {
  const all = [...accounts];
  const ownersOf = ownersByAddress(all);
  const groups = new Map<string, MergeableAccount[]>();
  for (const account of all) {
    const mark = markOf(account, ownersOf);
    const group = groups.get(mark);
    if (group) group.push(account);
    else groups.set(mark, [account]);
  }
  return [...groups]
    .map(([mark, members]) => personOf(mark, members))
    .sort((a, b) => compare(a.personKey, b.personKey));
}

/** The NHSmail address if that is certain: it outlives accounts, and the cure of a mismatch is another account. */
function markOf(account: MergeableAccount, ownersOf: ReadonlyMap<string, ReadonlySet<string>>): string {
  const own = certainNhsmail(account);
  if (own !== undefined) return own;
  if (account.address === undefined) return `account ${account.accountId}`;
  const owners = ownersOf.get(account.address);
  const [owner] = owners ?? [];
  return owner !== undefined && owners?.size === 1 ? owner : account.address;
}

/** For each registered address, the NHSmail addresses that certainly belong to accounts registered there. */
function ownersByAddress(accounts: readonly MergeableAccount[]): Map<string, Set<string>> {
  const owners = new Map<string, Set<string>>();
  for (const account of accounts) {
    const own = certainNhsmail(account);
    if (own === undefined || account.address === undefined) continue;
    owners.set(account.address, (owners.get(account.address) ?? new Set()).add(own));
  }
  return owners;
}

function personOf(mark: string, members: readonly MergeableAccount[]): Person {
  const [lead, ...others] = [...members].sort(
    (a, b) => LEADING[a.segment] - LEADING[b.segment] || compare(a.accountId, b.accountId),
  ) as [MergeableAccount, ...MergeableAccount[]];
  others.sort((a, b) => compare(a.accountId, b.accountId));
  return {
    personKey: createHash('sha256').update(`person ${mark}`).digest('hex').slice(0, 32),
    segment: lead.segment,
    leadAccountId: lead.accountId,
    accounts: [lead, ...others].map(({ accountId, segment }) => ({ accountId, segment })),
  };
}

function certainNhsmail({ nhsmail }: MergeableAccount): string | undefined {
  return nhsmail?.certainty === 'certain' ? nhsmail.address : undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
