import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { FlightRecord } from './flight.record.js';
import { FlightRecorder, type LeftRecord } from './flight.recorder.js';
import { type Change } from './outcome.rules.js';
import { SliceRepository } from './slice.repository.js';

const TICK_MS = 10_000;

/**
 * After a worker was killed, on its machine: what it had intended and not sent is given back, what was answered is
 * written down, and only what had left and got no answer is in doubt. Otherwise everything that it had intended would be
 * (a hundred messages and more, most of which never left), and its slices would wait for their leases. The same for a
 * run that failed because the database was away for longer than its lease.
 */
@Injectable()
export class CrashRecovery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CrashRecovery.name);
  private timer: NodeJS.Timeout | undefined;
  private readonly round = new Tick(() => this.recover(), this.logger);

  constructor(
    private readonly recorder: FlightRecorder,
    private readonly slices: SliceRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Whoever is started again after a kill goes on at once. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.roles.includes('worker')) return;
    await this.tick();
    // A timer of its own: what is scheduled (@Interval) runs in schedulers only.
    this.timer = setInterval(() => void this.tick(), TICK_MS).unref();
  }

  async tick(): Promise<void> {
    await this.round.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.round.stop();
  }

  private async recover(): Promise<void> {
    for (const record of await this.recorder.left()) {
      await this.settle(record).catch((error: unknown) => {
        // Several start at once after a restart of their machine: another was faster with this one.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
  }

  private async settle(record: LeftRecord): Promise<void> {
    const lease = await this.slices.formerLease(record.sliceId, record.epoch);
    // Of another database of the same name.
    if (!lease) return;
    const flights = FlightRecord.read(record.path, lease.firstOrdinal, lease.lastOrdinal);
    const landed: Change[] = [];
    const back: Change[] = [];
    const inDoubt: Change[] = [];
    let landedAt = new Date(0);
    for (const [ordinal, flight] of flights) {
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
