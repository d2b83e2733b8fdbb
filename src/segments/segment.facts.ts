import { parseEmailAddress, type EmailAddress, type EmailAddressFault } from '../shared/email-address.js';
import { classifyDomain, NHSMAIL_DOMAIN, type DomainClass } from './domain.rules.js';
import { looksLikeDesk, withoutTag } from './local-part.rules.js';
import { isLive, isPerson, namesakeEntries, ownNhsmail, type OwnNhsmail } from './nhsmail.match.js';
import type { KnownNhsmail, SegmentAccount } from './segment.types.js';

/** Everything the rules ask about, worked out once for an account. */
export interface SegmentFacts {
  readonly account: SegmentAccount;
  readonly email: EmailAddress | undefined;
  readonly emailFault: EmailAddressFault | undefined;
  /** Of the registered address; also for one that cannot be read but has something after its @. */
  readonly domain: DomainClass | undefined;
  /** The same local part at the NHSmail domain, if that makes an address. */
  readonly atNhsmail: string | undefined;
  readonly own: OwnNhsmail | undefined;
  /** Entries at the registered address: as primary address, as alias, or as the address without its plus-tag. */
  readonly atAddress: readonly KnownNhsmail[];
  /** Personal entries that have ended and were this account's, by record or by address. */
  readonly ended: readonly KnownNhsmail[];
  /** The shared mailbox, application account or list that the account is. */
  readonly desk: KnownNhsmail | undefined;
  /** Personal entries of the account's full name, here or in no recorded organisation. */
  readonly namesakes: readonly KnownNhsmail[];
  /** The registered address without its plus-tag, when it is an NHSmail address that has one. */
  readonly untagged: string | undefined;
}

/** `known` may hold more entries than concern the account, in any order. */
export function gatherFacts(account: SegmentAccount, known: readonly KnownNhsmail[]): SegmentFacts {
  const entries = known.length > 1 ? [...known].sort((a, b) => (a.address < b.address ? -1 : 1)) : known;
  const parsed = parseEmailAddress(account.email ?? '');
  const email = parsed.ok ? parsed.address : undefined;
  const [local, domainText] = email ? [email.local, email.domain] : splitAtLastAt(account.email ?? '');
  const domain = domainText === undefined ? undefined : classifyDomain(domainText);

  const tag = email && domain === 'nhsmail' ? withoutTag(email.local) : undefined;
  const registered = { address: email?.normalised, untagged: tag && `${tag}@${NHSMAIL_DOMAIN}` };
  const isAt = (entry: KnownNhsmail, address: string | undefined): boolean =>
    address !== undefined && (entry.address === address || entry.aliases.includes(address));
  const atAddress = entries.filter((entry) => isAt(entry, registered.address) || isAt(entry, registered.untagged));
  const recorded = entries.filter((entry) => entry.recordedAccount?.id === account.id);

  return {
    account,
    email,
    emailFault: parsed.ok ? undefined : parsed.reason,
    domain,
    atNhsmail: local === undefined ? undefined : addressAtNhsmail(local),
    own: ownNhsmail(account, registered, entries),
    atAddress,
    ended: [...new Set([...recorded, ...atAddress])].filter((entry) => isPerson(entry) && !isLive(entry)),
    desk: atAddress.find(isDesk) ?? recorded.find(isDesk),
    namesakes: namesakeEntries(account, entries),
    untagged: registered.untagged,
  };
}

/** The address names a desk and not a person. */
export function namesDesk({ email, account }: SegmentFacts): boolean {
  const codes = account.organisations.map(({ code }) => code);
  return email !== undefined && looksLikeDesk(email.local, account, codes);
}

function isDesk(entry: KnownNhsmail): boolean {
  return entry.type !== 'person';
}

function addressAtNhsmail(local: string): string | undefined {
  const parsed = parseEmailAddress(`${local}@${NHSMAIL_DOMAIN}`);
  return parsed.ok ? parsed.address.normalised : undefined;
}

function splitAtLastAt(text: string): [string | undefined, string | undefined] {
  const at = text.lastIndexOf('@');
  return at < 0
    ? [undefined, undefined]
    : [
        text.slice(0, at),
        text
          .slice(at + 1)
          .trim()
          .toLowerCase(),
      ];
}
