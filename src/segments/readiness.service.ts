import { Injectable } from '@nestjs/common';
import { type Readiness, ReadinessTally } from './readiness.rules.js';
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
    const tally = new ReadinessTally(await this.repository.readinessOrganisations());
    for await (const batch of this.segments.batches()) {
      for (const { account, result } of batch) {
        tally.add({ segment: result.segment, memberships: account.organisations });
      }
    }
    return tally.rows();
  }
}
