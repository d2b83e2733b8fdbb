import { type CqrsRole } from '../directory/index.js';
import { type ClassifiedAccount, groupPersons, type MergeableAccount, type Segment } from '../segments/index.js';
import { type ContactAccount, type Member } from './contact.rules.js';

/** An account in its place, with everything of it that contacts and needs are made of. */
export interface TalliedAccount {
  readonly account: ContactAccount;
  readonly memberships: readonly { readonly code: string; readonly roles: readonly CqrsRole[] }[];
}

/** Takes in every account once, and then knows which of them are one person and who belongs where. */
export class CensusTally {
  private readonly accounts: (Pick<TalliedAccount, 'memberships'> & {
    readonly id: string;
    readonly address: string | undefined;
    readonly segment: Segment;
  })[] = [];
  private readonly mergeable: MergeableAccount[] = [];

  add({ account, result: { accountId, segment, address, nhsmail } }: ClassifiedAccount): void {
    this.mergeable.push({ accountId, segment, ...(address !== undefined && { address }), ...(nhsmail && { nhsmail }) });
    this.accounts.push({ id: accountId, address, segment, memberships: account.organisations });
  }

  /** @param suppressed addresses that take no mail at present. */
  all(suppressed: Pick<ReadonlySet<string>, 'has'>): TalliedAccount[] {
    const personOf = new Map(
      groupPersons(this.mergeable).flatMap(({ personKey, accounts }) =>
        accounts.map(({ accountId }) => [accountId, personKey] as const),
      ),
    );
    return this.accounts.map(({ id, address, segment, memberships }) => ({
      account: {
        id,
        personKey: personOf.get(id) ?? id,
        segment,
        suppressed: address !== undefined && suppressed.has(address),
      },
      memberships,
    }));
  }
}

/** Who belongs to each organisation, by its code. */
export function membersOf(accounts: readonly TalliedAccount[]): Map<string, Member[]> {
  const members = new Map<string, Member[]>();
  for (const { account, memberships } of accounts) {
    for (const { code, roles } of memberships) {
      const there = members.get(code);
      if (there) there.push({ account, roles });
      else members.set(code, [{ account, roles }]);
    }
  }
  return members;
}
