import { parseEmailAddress } from '../shared/email-address.js';
import { NHSMAIL_DOMAIN } from './domain.rules.js';
import { withoutNumber, withoutTag } from './local-part.rules.js';
import type { KnownNhsmail, SegmentAccount } from './segment.types.js';

/** What to ask the directory about an account: everything that a rule might want to know, and no more. */
export interface NhsmailLookup {
  /** The registered address, and the addresses it may be a variant of. */
  readonly addresses: readonly string[];
  readonly names: readonly { readonly nameKey: string; readonly organisationCode: string }[];
}

export function lookupOf(account: SegmentAccount): NhsmailLookup {
  const parsed = parseEmailAddress(account.email ?? '');
  const addresses = parsed.ok ? [parsed.address.normalised] : [];
  if (parsed.ok && parsed.address.domain === NHSMAIL_DOMAIN) {
    for (const base of [withoutTag(parsed.address.local), withoutNumber(parsed.address.local)]) {
      if (base !== undefined) addresses.push(`${base}@${NHSMAIL_DOMAIN}`);
    }
  }
  const names =
    account.nameKey === ''
      ? []
      : account.organisations.map(({ code }) => ({ nameKey: account.nameKey, organisationCode: code }));
  return { addresses, names };
}

/** Directory entries of one batch, found again by each of the ways in which an account may ask for them. */
export class NhsmailIndex {
  private readonly byMark = new Map<string, KnownNhsmail[]>();

  constructor(entries: readonly KnownNhsmail[]) {
    for (const entry of entries) {
      this.add(addressMark(entry.address), entry);
      for (const alias of entry.aliases) this.add(addressMark(alias), entry);
      if (entry.recordedAccount) this.add(accountMark(entry.recordedAccount.id), entry);
      if (entry.organisationCode !== null) this.add(nameMark(entry.nameKey, entry.organisationCode), entry);
    }
  }

  entriesFor(account: SegmentAccount, { addresses, names }: NhsmailLookup): KnownNhsmail[] {
    const marks = [
      accountMark(account.id),
      ...addresses.map(addressMark),
      ...names.map(({ nameKey, organisationCode }) => nameMark(nameKey, organisationCode)),
    ];
    return [...new Set(marks.flatMap((mark) => this.byMark.get(mark) ?? []))];
  }

  private add(mark: string, entry: KnownNhsmail): void {
    const entries = this.byMark.get(mark);
    if (entries) entries.push(entry);
    else this.byMark.set(mark, [entry]);
  }
}

const addressMark = (address: string): string => `@ ${address}`;
const accountMark = (id: string): string => `# ${id}`;
const nameMark = (nameKey: string, organisationCode: string): string => `${organisationCode} ${nameKey}`;
