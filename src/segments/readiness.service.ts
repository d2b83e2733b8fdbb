import { Injectable } from '@nestjs/common';
import { type Readiness, type ReadinessAccount, ReadinessTally } from './readiness.rules.js';
import { SegmentRepository } from './segment.repository.js';
import { SegmentsService } from './segments.service.js';

/** Who can still be paid after the sign-in change. */
@Injectable()
export class ReadinessService {
  constructor(
    private readonly repository: SegmentRepository,
    private readonly segments: SegmentsService,
  ) {}

  /** One row for every open practice, commissioner and region: those at risk first, then by code. */
  async readiness(): Promise<Readiness[]> {
    const tally = await this.tally();
    for await (const batch of this.segments.batches()) {
      for (const { account, result } of batch) {
        tally.add({ segment: result.segment, memberships: account.organisations });
      }
    }
    return tally.rows();
  }

  /** For whoever goes through all accounts anyway: give it each of them, and ask for its rows at the end. */
  async tally(): Promise<ReadinessTally> {
    return new ReadinessTally(await this.repository.readinessOrganisations());
  }

  /** The row of one practice or commissioner from all of its accounts; none when it is closed or neither of them. */
  async readinessOf(code: string, accounts: readonly ReadinessAccount[]): Promise<Readiness | undefined> {
    const organisations = await this.repository.readinessOrganisations(code);
    const tally = new ReadinessTally(organisations.filter(({ kind }) => kind !== 'region'));
    for (const each of accounts) tally.add(each);
    return tally.rows()[0];
  }
}
