import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { Clock } from '../shared/clock.js';
import { FlightRecord } from './flight.record.js';
import { FlightRecorder, type LeftRecord } from './flight.recorder.js';
import { type Change } from './outcome.rules.js';
import { SliceRepository } from './slice.repository.js';

/**
 * When a worker starts where another was killed: what that one had intended and not sent is given back, what was
 * answered is written down, and only what had left and got no answer is in doubt. Otherwise everything that it had
 * intended would be (a hundred messages and more, most of which never left), and its slices would wait for their leases.
 */
@Injectable()
export class CrashRecovery implements OnApplicationBootstrap {
  private readonly logger = new Logger(CrashRecovery.name);

  constructor(
    private readonly recorder: FlightRecorder,
    private readonly slices: SliceRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** A start does not fail by it: the leases run out, and the next start tries again. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.roles.includes('worker')) return;
    try {
      for (const record of await this.recorder.left()) await this.recover(record);
    } catch (error) {
      this.logger.warn({ message: 'not recovered from a crash', error: (error as Error).message });
    }
  }

  private async recover(record: LeftRecord): Promise<void> {
    const lease = await this.slices.formerLease(record.sliceId, record.epoch);
    // Of another database of the same name.
    if (!lease) return;
    const flights = FlightRecord.read(record.path, lease.firstOrdinal, lease.lastOrdinal);
    const landed: Change[] = [];
    const back: Change[] = [];
    const inDoubt: Change[] = [];
    let landedAt = new Date(0);
    for (const [ordinal, flight] of flights ?? []) {
      if (flight === 'left') {
        inDoubt.push({ ordinal, state: 'unknown', reason: 'the worker ended while it was on the wire' });
      } else if (typeof flight === 'string') {
        back.push({ ordinal, state: 'queued', setback: true });
      } else {
        landed.push({ ordinal, state: 'accepted', code: flight.code });
        if (flight.at > landedAt) landedAt = flight.at;
      }
    }
    const now = this.clock.now();
    const counts = {
      accepted: await this.slices.acknowledge(lease, landed, landedAt),
      givenBack: await this.slices.acknowledge(lease, back, now),
      unknown: await this.slices.acknowledge(lease, inDoubt, now, ['sending']),
    };
    if (!(await this.slices.release(lease, now))) await this.slices.reopen(lease, now);
    this.recorder.forget(record);
    this.logger.log({ message: 'recovered from a crash', slice: record.sliceId, ...counts });
  }
}
