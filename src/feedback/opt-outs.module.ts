import { Global, Injectable, Module } from '@nestjs/common';
import { OptOuts } from '../delivery/index.js';
import { FeedbackRepository } from './feedback.repository.js';

/** The wishes that stand, as they were heard. */
@Injectable()
export class StandingOptOuts extends OptOuts {
  constructor(private readonly repository: FeedbackRepository) {
    super();
  }

  async optedOut(addresses: readonly string[] | 'all'): Promise<ReadonlySet<string>> {
    const asked = addresses === 'all' ? addresses : addresses.map((address) => address.trim().toLowerCase());
    const rows = await this.repository.optOuts(asked);
    return new Set(rows.map(({ address }) => address));
  }
}

/** Tells delivery, right before each message, who wants no optional mail. */
@Global()
@Module({
  providers: [FeedbackRepository, { provide: OptOuts, useClass: StandingOptOuts }],
  exports: [FeedbackRepository, OptOuts],
})
export class OptOutsModule {}
