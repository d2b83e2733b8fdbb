import { Injectable } from '@nestjs/common';
import { SuppressionList } from '../delivery/index.js';
import { ReadinessService, SegmentsService } from '../segments/index.js';
import { CensusTally, membersOf } from './census.tally.js';
import { type Contact, contactsOf, type Need, needOf } from './contact.rules.js';

/** What the directory says of people and risk at one moment. */
export interface Census {
  /** By organisation code, in the order in which they are turned to. */
  readonly contacts: ReadonlyMap<string, readonly Contact[]>;
  readonly needs: readonly { readonly accountId: string; readonly code: string; readonly need: Need }[];
  /** Codes of practices and commissioners in which nobody could act on a payment after the change. */
  readonly atRisk: ReadonlySet<string>;
}

/** Goes through every account once, for segments and for readiness. */
@Injectable()
export class CensusService {
  constructor(
    private readonly segments: SegmentsService,
    private readonly readiness: ReadinessService,
    private readonly suppressions: SuppressionList,
  ) {}

  async take(): Promise<Census> {
    const census = new CensusTally();
    const readiness = await this.readiness.tally();
    for await (const batch of this.segments.batches()) {
      for (const classified of batch) {
        readiness.add({ segment: classified.result.segment, memberships: classified.account.organisations });
        census.add(classified);
      }
    }
    const accounts = census.all(await this.suppressions.suppressed('all'));
    return {
      contacts: new Map([...membersOf(accounts)].map(([code, members]) => [code, contactsOf(members)])),
      needs: accounts.flatMap(({ account, memberships }) => {
        const need = needOf(account);
        return need === null ? [] : memberships.map(({ code }) => ({ accountId: account.id, code, need }));
      }),
      atRisk: new Set(
        readiness
          .rows()
          .flatMap(({ kind, atRisk, organisation }) => (kind !== 'region' && atRisk ? [organisation] : [])),
      ),
    };
  }
}
