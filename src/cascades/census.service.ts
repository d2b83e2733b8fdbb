import { Injectable } from '@nestjs/common';
import { type CqrsRole } from '../directory/index.js';
import { SuppressionList } from '../delivery/index.js';
import {
  groupPersons,
  type MergeableAccount,
  ReadinessService,
  type Segment,
  SegmentsService,
} from '../segments/index.js';
import { type Contact, type ContactAccount, contactsOf, type Need, needOf } from './contact.rules.js';

/** What the directory says of people and risk at one moment. */
export interface Census {
  /** By organisation code, in the order in which they are turned to. */
  readonly contacts: ReadonlyMap<string, readonly Contact[]>;
  readonly needs: readonly { readonly accountId: string; readonly code: string; readonly need: Need }[];
  /** Codes of practices and commissioners in which nobody could act on a payment after the change. */
  readonly atRisk: ReadonlySet<string>;
}

interface Member {
  readonly id: string;
  readonly address: string | undefined;
  readonly segment: Segment;
  readonly memberships: readonly { readonly code: string; readonly roles: readonly CqrsRole[] }[];
}

const ADDRESSES_AT_ONCE = 5_000;

/** Goes through every account once, for segments and for readiness. */
@Injectable()
export class CensusService {
  constructor(
    private readonly segments: SegmentsService,
    private readonly readiness: ReadinessService,
    private readonly suppressions: SuppressionList,
  ) {}

  async take(): Promise<Census> {
    const members: Member[] = [];
    const mergeable: MergeableAccount[] = [];
    const tally = await this.readiness.tally();
    for await (const batch of this.segments.batches()) {
      for (const { account, result } of batch) {
        tally.add({ segment: result.segment, memberships: account.organisations });
        const { accountId, segment, address, nhsmail } = result;
        mergeable.push({ accountId, segment, ...(address !== undefined && { address }), ...(nhsmail && { nhsmail }) });
        members.push({ id: accountId, address, segment, memberships: account.organisations });
      }
    }
    const personOf = new Map(
      groupPersons(mergeable).flatMap(({ personKey, accounts }) =>
        accounts.map(({ accountId }) => [accountId, personKey] as const),
      ),
    );
    const suppressed = await this.suppressed(members);
    const byCode = new Map<string, { account: ContactAccount; roles: readonly CqrsRole[] }[]>();
    const needs: { accountId: string; code: string; need: Need }[] = [];
    for (const { id, address, segment, memberships } of members) {
      const account: ContactAccount = {
        id,
        personKey: personOf.get(id) ?? id,
        segment,
        suppressed: address !== undefined && suppressed.has(address),
      };
      const need = needOf(account);
      for (const { code, roles } of memberships) {
        if (need !== null) needs.push({ accountId: id, code, need });
        const there = byCode.get(code);
        if (there) there.push({ account, roles });
        else byCode.set(code, [{ account, roles }]);
      }
    }
    return {
      contacts: new Map([...byCode].map(([code, accounts]) => [code, contactsOf(accounts)])),
      needs,
      atRisk: new Set(
        tally.rows().flatMap(({ kind, atRisk, organisation }) => (kind !== 'region' && atRisk ? [organisation] : [])),
      ),
    };
  }

  private async suppressed(members: readonly Member[]): Promise<Set<string>> {
    const addresses = members.flatMap(({ address }) => (address === undefined ? [] : [address]));
    const found = new Set<string>();
    for (let from = 0; from < addresses.length; from += ADDRESSES_AT_ONCE) {
      const some = await this.suppressions.suppressed(addresses.slice(from, from + ADDRESSES_AT_ONCE));
      for (const address of some.keys()) found.add(address);
    }
    return found;
  }
}
