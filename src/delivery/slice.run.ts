import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type ByteWriter } from '../shared/byte-writer.js';
import { type Clock } from '../shared/clock.js';
import { Acknowledgements } from './acknowledgements.js';
import { type DeliveryMetrics } from './delivery.metrics.js';
import { type DeliveryOptions } from './delivery.options.js';
import { type FlightRecord } from './flight.record.js';
import { type FlightRecorder } from './flight.recorder.js';
import { type MailRoute } from './mail-routes.js';
import { type MessagePreparer, type Prepared } from './message.preparer.js';
import { type Mailable, type MessageScreening } from './message.screening.js';
import { type Change, changeFor, isTrouble } from './outcome.rules.js';
import { type Lease, type QueuedMessage, type SliceRepository } from './slice.repository.js';
import { mayNotLeave, type Outcome } from './transport.js';
import { type TransportPace, type Turn } from './transport.pace.js';
import { type WireGate } from './wire.gate.js';

export interface SendingParts {
  readonly slices: SliceRepository;
  readonly screening: MessageScreening;
  readonly preparer: MessagePreparer;
  readonly pace: TransportPace;
  readonly clock: Clock;
  readonly options: DeliveryOptions;
  readonly gate: WireGate;
  readonly metrics: DeliveryMetrics;
  /** For the messages on the wire, and for those that are prepared meanwhile. */
  readonly memory: readonly [ByteWriter, ByteWriter];
  /** None where nothing really leaves. */
  readonly recorder: FlightRecorder | undefined;
}

/** The longest nap while waiting for a turn, so that a pause or a stop is noticed. */
const NAP_MS = 1_000;

/** How long a process that is asked to stop waits for a database that is away, to tell it what its flight record has. */
const FAREWELL_MS = 5_000;

/**
 * One worker's run through one leased slice, a small batch at a time: prepare, record the intents on disk, put the batch
 * on the wire, write the outcomes down. The next batch is prepared and its intents are recorded while one is on the wire.
 */
export class SliceRun {
  private readonly logger = new Logger(SliceRun.name);
  private readonly acknowledgements: Acknowledgements;
  private leaseEndsAt: number;
  private onWire: Promise<void> = Promise.resolve();
  private sent = 0;
  /** The transport got into trouble: what has not left goes back. */
  private troubled = false;
  private failure: unknown;
  private flights: FlightRecord | undefined;
  private leavesAt: number | undefined;

  constructor(
    private readonly parts: SendingParts,
    private readonly lease: Lease,
    leasedAt: number,
    private readonly signal: AbortSignal,
  ) {
    const { slices, clock, options } = parts;
    this.leaseEndsAt = leasedAt + options.leaseSeconds * 1_000;
    this.acknowledgements = new Acknowledgements(
      slices,
      lease,
      clock,
      options.acknowledgeEveryMs,
      () => this.holdsLeaseFor(0) && !this.hasTakenLeave(),
    );
  }

  /** A run that fails leaves its lease to run out: what was on the wire without an answer is then unknown, as it truly is. */
  async drain(): Promise<void> {
    try {
      await this.toItsEnd();
    } catch (error) {
      this.flights?.close();
      throw error;
    }
    this.flights?.end();
  }

  private async toItsEnd(): Promise<void> {
    const heartbeat = setInterval(() => void this.renew(), (this.parts.options.leaseSeconds * 1_000) / 3);
    try {
      try {
        await this.sendAll();
      } finally {
        await this.onWire;
        await this.acknowledgements.flush();
      }
    } finally {
      clearInterval(heartbeat);
    }
    if (this.failure !== undefined) throw this.failure as Error;
    if (await this.release()) return;
    // PostgreSQL crashed and took back outcomes that were not yet on disk.
    await this.acknowledgements.repeat();
    if (await this.release()) return;
    const { slices, clock } = this.parts;
    await slices.reopen(this.lease, clock.now());
  }

  private release(): Promise<boolean> {
    return this.parts.slices.release(this.lease, this.parts.clock.now());
  }

  private async sendAll(): Promise<void> {
    const { slices, preparer, pace, options } = this.parts;
    let rest = await this.screen(await slices.queued(this.lease));
    let screenedAt = performance.now();

    while (rest.length > 0 && this.mayGoOn()) {
      if (this.isExpired()) {
        await this.settle(rest.map(({ ordinal }) => ({ ordinal, state: 'expired' })));
        return;
      }
      if (performance.now() - screenedAt > options.screeningSeconds * 1_000) {
        rest = await this.screen(rest);
        screenedAt = performance.now();
      }
      const most = rest.slice(0, await pace.batchSize(this.lease.ratePerMinute));
      const { prepared, unmade } = await preparer.prepare(most, this.lease.sharedValues, this.freeMemory());
      await this.settle(unmade);
      const batch = most.slice(0, prepared.length + unmade.length);
      if (prepared.length === 0) {
        rest = rest.slice(batch.length);
        continue;
      }
      const turn = await this.turnFor(prepared.length);
      if (!turn) return;
      const intended = await this.intend(prepared.slice(0, turn.size), turn.route);
      if (!intended) return;
      await this.send(intended, turn);
      const heldBack = new Set(prepared.slice(turn.size).map(({ ordinal }) => ordinal));
      rest = [...batch.filter(({ ordinal }) => heldBack.has(ordinal)), ...rest.slice(batch.length)];
    }
  }

  /** Two windows are never alive together with a third: see `send`. */
  private freeMemory(): ByteWriter {
    const memory = this.parts.memory[this.sent % 2 === 0 ? 0 : 1];
    memory.clear();
    return memory;
  }

  private async screen(messages: readonly QueuedMessage[]): Promise<Mailable[]> {
    const { mailable, stopped } = await this.parts.screening.screen(messages);
    await this.settle(stopped);
    return mailable;
  }

  /** Waits until this many may leave, or some of them; undefined when the run must end instead. */
  private async turnFor(messages: number): Promise<Turn | undefined> {
    const { pace } = this.parts;
    while (this.mayGoOn()) {
      const turn = await pace.turn(messages, this.lease);
      if ('route' in turn) {
        await this.nap(turn.startsAt - performance.now());
        return turn;
      }
      if ((await pace.state()).closedForMs > 0) return undefined;
      await this.nap(Math.min(turn.until - performance.now(), NAP_MS));
    }
    return undefined;
  }

  /** Those that may leave; undefined when none may: the dispatch, or all mail, was stopped, or the lease is lost. */
  private async intend(prepared: readonly Prepared[], route: MailRoute): Promise<Prepared[] | undefined> {
    const { slices, clock, options } = this.parts;
    const askedAt = performance.now();
    const intending = slices.intend(this.lease, prepared, route.name, clock.now(), options.leaseSeconds);
    const intended = await intending.catch((error: unknown) => {
      // It may be the answer alone that was lost: of these nothing leaves, and nobody need wonder later whether it did.
      for (const { ordinal } of prepared) this.acknowledgements.add({ ordinal, state: 'queued', setback: true });
      throw error;
    });
    if (intended.size === 0) return undefined;
    this.leaseEndsAt = askedAt + options.leaseSeconds * 1_000;
    // With the first intent the lease is on disk: before, a crash of PostgreSQL may give its epoch to somebody else.
    this.flights ??= await this.parts.recorder?.begin(this.lease);
    return prepared.filter(({ ordinal }) => intended.has(ordinal));
  }

  /** Puts a batch on the wire behind the one that is there, and returns when that one is done. */
  private async send(batch: readonly Prepared[], turn: Turn): Promise<void> {
    const before = this.onWire;
    this.sent += 1;
    const sent = Promise.all(
      batch.map((message, i) => this.sendOne(message, turn.route, turn.startsAt + i * turn.every).catch(this.fail)),
    )
      .then(() => (this.troubled ? undefined : this.parts.pace.wentWell(turn.route)))
      .catch(this.fail);
    this.onWire = before.then(() => sent);
    await before;
  }

  /** The others of the window go on: their memory is theirs until each has its outcome. */
  private readonly fail = (error: unknown): void => {
    this.failure ??= error;
  };

  private async sendOne(message: Prepared, route: MailRoute, at: number): Promise<void> {
    const { pace, clock, options, gate, metrics } = this.parts;
    const early = at - performance.now();
    if (early >= 1) await this.nap(early);
    await gate.pass(message.outgoing.to, async () => {
      const stopped = this.stopped(message);
      if (stopped) {
        this.acknowledgements.add(stopped);
        return;
      }
      const outcome = await this.handOver(message, route);
      const tried = { ...message, attempt: message.attempt + 1 };
      const now = clock.now();
      this.note(message.ordinal, outcome, now);
      const change = changeFor(outcome, tried, options.retry, now, Math.random());
      this.acknowledgements.add(change);
      metrics.count(route.name, change.state, this.lease.dueAt, now);
      // A transport that is closed because this process stops is no trouble for the others.
      if (!isTrouble(outcome) || this.signal.aborted) return;
      this.troubled = true;
      await pace.close(route, describe(outcome));
    });
  }

  private handOver({ ordinal, outgoing }: Prepared, { transport }: MailRoute): Promise<Outcome> {
    const { flights } = this;
    if (!flights) return transport.send(outgoing);
    const leaving = (): void => {
      flights.left(ordinal);
    };
    if (transport.tellsLeaving) return transport.send({ ...outgoing, leaving });
    try {
      leaving();
    } catch (error) {
      return Promise.resolve(mayNotLeave(error));
    }
    return transport.send(outgoing);
  }

  private note(ordinal: number, outcome: Outcome, at: Date): void {
    if (outcome.kind === 'undecided') return;
    this.flights?.answered(ordinal, outcome.kind === 'accepted' ? { at, code: outcome.code } : 'back');
  }

  /** The last look before the bytes leave. */
  private stopped({ ordinal }: Prepared): Change | undefined {
    if (this.isExpired()) return { ordinal, state: 'expired' };
    const mayLeave = this.mayGoOn() && this.holdsLeaseFor(this.parts.options.leaseMarginSeconds * 1_000);
    return mayLeave ? undefined : { ordinal, state: 'queued', setback: true };
  }

  private async settle(changes: readonly Change[]): Promise<void> {
    if (changes.length > 0) await this.parts.slices.settle(this.lease, changes, this.parts.clock.now());
  }

  private async renew(): Promise<void> {
    const askedAt = performance.now();
    try {
      const held = await this.parts.slices.renew(this.lease, this.parts.options.leaseSeconds);
      this.leaseEndsAt = held ? askedAt + this.parts.options.leaseSeconds * 1_000 : -Infinity;
    } catch (error) {
      // The lease as last renewed still holds; when it runs out, nothing more leaves.
      this.logger.warn({ message: 'lease not renewed', slice: this.lease.sliceId, error: (error as Error).message });
    }
  }

  private async nap(milliseconds: number): Promise<void> {
    if (milliseconds < 1 || this.signal.aborted) return;
    await delay(milliseconds, undefined, { signal: this.signal }).catch((error: unknown) => {
      if (!this.signal.aborted) throw error;
    });
  }

  private mayGoOn(): boolean {
    return !this.signal.aborted && !this.troubled && this.failure === undefined;
  }

  private isExpired(): boolean {
    const { expiresAt } = this.lease;
    return expiresAt !== null && this.parts.clock.now() >= expiresAt;
  }

  private hasTakenLeave(): boolean {
    if (!this.signal.aborted || this.flights === undefined) return false;
    this.leavesAt ??= performance.now() + FAREWELL_MS;
    return performance.now() > this.leavesAt;
  }

  private holdsLeaseFor(milliseconds: number): boolean {
    return performance.now() + milliseconds < this.leaseEndsAt;
  }
}

function describe(outcome: Outcome): string {
  return 'response' in outcome ? `${outcome.code} ${outcome.response}`.trim() : outcome.reason;
}
