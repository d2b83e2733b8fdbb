import { personNameParts } from '../shared/person-name.js';
import { NHSMAIL_DOMAIN } from './domain.rules.js';
import { spellsName } from './local-part.rules.js';
import type { Certainty, KnownNhsmail, SegmentAccount } from './segment.types.js';

/** How the directory's entry was tied to the account, strongest first. */
export type MatchedBy = 'record' | 'primary-address' | 'alias' | 'tagged-address' | 'unique-name';

export interface OwnNhsmail {
  readonly entry: KnownNhsmail;
  readonly by: MatchedBy;
  readonly certainty: Certainty;
}

export interface RegisteredAddress {
  /** The registered address, normalised; undefined when it cannot be read. */
  readonly address: string | undefined;
  /** The same without its plus-tag, when it is an NHSmail address that has one. */
  readonly untagged: string | undefined;
}

/**
 * The live NHSmail entry of the account's person, or undefined when the directory does not show exactly one.
 * Exact evidence only, in this order: the directory's record of the account, the registered address, the full name that
 * is unique in the organisation among entries and among accounts. Local parts are never compared for likeness.
 */
export function ownNhsmail(
  account: SegmentAccount,
  registered: RegisteredAddress,
  entries: readonly KnownNhsmail[],
): OwnNhsmail | undefined {
  return byRecord(account, registered, entries) ?? byAddress(account, registered, entries) ?? byName(account, entries);
}

/** A person's entry with which one can sign in today: active, and under the NHSmail domain itself. */
export function isLive(entry: KnownNhsmail): boolean {
  return isPerson(entry) && entry.status === 'active';
}

/**
 * A personal NHSmail entry in any state. An entry of another domain is no NHSmail address whatever the extract says.
 */
export function isPerson(entry: KnownNhsmail): boolean {
  return entry.type === 'person' && entry.address.endsWith(`@${NHSMAIL_DOMAIN}`);
}

/** Personal entries that bear the account's full name, in one of its organisations or in none that is recorded. */
export function namesakeEntries(account: SegmentAccount, entries: readonly KnownNhsmail[]): KnownNhsmail[] {
  if (account.nameKey === '') return [];
  return entries.filter(
    (entry) =>
      isPerson(entry) &&
      entry.nameKey === account.nameKey &&
      (entry.organisationCode === null || sharesOrganisation(account, entry)),
  );
}

/**
 * True when nothing speaks against the entry being this account's person: its names agree, and the directory does not
 * record it for another account. A record of another account of the same name in the same organisation is no
 * objection: the cure for a wrong address is a second account, and the record stays on the first.
 */
function belongsTo(account: SegmentAccount, entry: KnownNhsmail): boolean {
  const recorded = entry.recordedAccount;
  if (recorded?.id === account.id) return true;
  if (!namesAgree(account, entry)) return false;
  if (recorded === null) return true;
  return recorded.nameKey !== '' && recorded.nameKey === account.nameKey && sharesOrganisation(account, entry);
}

function byRecord(
  account: SegmentAccount,
  registered: RegisteredAddress,
  entries: readonly KnownNhsmail[],
): OwnNhsmail | undefined {
  const recorded = entries.filter((entry) => isLive(entry) && entry.recordedAccount?.id === account.id);
  const entry = recorded.find(({ address }) => address === registered.address) ?? recorded[0];
  if (!entry) return undefined;
  // Two records and neither is the registered address: the person has NHSmail, but which of the two is open.
  const certain = recorded.length === 1 || entry.address === registered.address;
  return { entry, by: 'record', certainty: certain ? 'certain' : 'probable' };
}

function byAddress(
  account: SegmentAccount,
  { address, untagged }: RegisteredAddress,
  entries: readonly KnownNhsmail[],
): OwnNhsmail | undefined {
  if (address === undefined) return undefined;
  const live = entries.filter(isLive);

  const holder = live.find((entry) => entry.address === address);
  if (holder && belongsTo(account, holder)) {
    return worksElsewhere(account, holder, live)
      ? undefined
      : { entry: holder, by: 'primary-address', certainty: 'certain' };
  }
  const byAlias = ownerOfAlias(account, address, live);
  if (byAlias) return { ...byAlias, by: 'alias' };
  if (untagged === undefined) return undefined;
  const [behindTag, another] = live.filter(
    (entry) => (entry.address === untagged || entry.aliases.includes(untagged)) && belongsTo(account, entry),
  );
  return behindTag && !another ? { entry: behindTag, by: 'tagged-address', certainty: 'certain' } : undefined;
}

/**
 * An alias may stand on several entries, and under a former name. One entry whose names agree is certain. One that bears
 * another name altogether may be a former name too, unless the directory records it for somebody else: probable.
 */
function ownerOfAlias(
  account: SegmentAccount,
  alias: string,
  live: readonly KnownNhsmail[],
): { entry: KnownNhsmail; certainty: Certainty } | undefined {
  const holders = live.filter((entry) => entry.address !== alias && entry.aliases.includes(alias));
  const belonging = holders.filter((entry) => belongsTo(account, entry));
  const [entry, another] = belonging.length > 0 ? belonging : holders.filter((each) => each.recordedAccount === null);
  if (!entry || another) return undefined;
  return { entry, certainty: belonging.length > 0 ? 'certain' : 'probable' };
}

/**
 * A person of this name holds the registered address, but in another organisation, while the account's own organisation
 * has somebody of the same name under another address: then the address may well be the namesake's.
 */
function worksElsewhere(account: SegmentAccount, holder: KnownNhsmail, live: readonly KnownNhsmail[]): boolean {
  if (sharesOrganisation(account, holder)) return false;
  return live.some((entry) => entry !== holder && isCandidateByName(account, entry));
}

function byName(account: SegmentAccount, entries: readonly KnownNhsmail[]): OwnNhsmail | undefined {
  // Somebody's word about this very account outweighs a name.
  if (account.nameKey === '' || account.confirmedWithoutNhsmailOn !== null) return undefined;
  // Entries that have ended count here: with a leaver of the same name, the account may be the leaver's.
  const [entry, another] = entries.filter((each) => isPerson(each) && isCandidateByName(account, each));
  if (!entry || another || !isLive(entry)) return undefined;
  const isUniqueAmongAccounts = !account.namesakesIn.includes(entry.organisationCode ?? '');
  return isUniqueAmongAccounts ? { entry, by: 'unique-name', certainty: 'probable' } : undefined;
}

function isCandidateByName(account: SegmentAccount, entry: KnownNhsmail): boolean {
  return (
    account.nameKey !== '' &&
    entry.nameKey === account.nameKey &&
    sharesOrganisation(account, entry) &&
    (entry.recordedAccount === null || entry.recordedAccount.id === account.id)
  );
}

function sharesOrganisation(account: SegmentAccount, entry: KnownNhsmail): boolean {
  return account.organisations.some(({ code }) => code === entry.organisationCode);
}

/**
 * True when the two may be one person: equal full names; a missing or further given name; or, for a changed name, one
 * equal part where an address of the entry spells the account's name in full (testa.sample for Testa Sample, now Jones).
 * A shared family name alone is not enough: couples and siblings work in the same practice.
 */
function namesAgree(account: SegmentAccount, entry: KnownNhsmail): boolean {
  if (account.nameKey !== '' && account.nameKey === entry.nameKey) return true;
  const ours = personNameParts(account.firstName, account.lastName);
  const theirs = personNameParts(entry.firstName, entry.lastName);
  const family = ours.family === '' || theirs.family === '' || ours.family === theirs.family;
  const given = isStartOf(ours.given, theirs.given) || isStartOf(theirs.given, ours.given);
  if (family && given) return true;
  if (!family && !given) return false;
  return [entry.address, ...entry.aliases].some((address) =>
    spellsName(address.slice(0, address.lastIndexOf('@')), account),
  );
}

function isStartOf(few: readonly string[], many: readonly string[]): boolean {
  return few.every((name, index) => name === many[index]);
}
