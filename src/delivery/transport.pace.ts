import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { DELIVERY_OPTIONS, type DeliveryOptions, MAIL_TRANSPORT } from './delivery.options.js';
import { type Limits, PaceRepository, type PaceState } from './pace.repository.js';
import { type MailTransport } from './transport.js';

/** When a batch may leave, by this process's monotonic clock (`performance.now()`). */
export interface Turn {
  readonly size: number;
  readonly startsAt: number;
  /** Milliseconds from one message to the next. */
  readonly every: number;
}

/** A rate is kept even by handing out no more than this at once. */
const BATCH_MS = 250;
/** How long this process trusts what it last read of the shared state, in milliseconds. */
const FRESH_MS = 200;
const NEVER: Limits = { ratePerMinute: null, dayBudget: null };

/** How fast the transport may be used by all workers together, and whether at all: rate, day's budget, circuit breaker. */
@Injectable()
export class TransportPace implements OnModuleInit {
  private readonly logger = new Logger(TransportPace.name);
  private readonly limits: Limits;
  private readonly name: string;
  private known: PaceState = { closedForMs: 0, closedReason: null, trouble: 0, dayUsed: 0 };
  private knownAt = -Infinity;

  constructor(
    private readonly repository: PaceRepository,
    @Inject(MAIL_TRANSPORT) transport: MailTransport,
    @InjectConfig() config: Config,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
  ) {
    this.name = transport.name;
    this.limits = { ratePerMinute: config.mailRatePerMinute ?? null, dayBudget: config.mailDayBudget ?? null };
  }

  async onModuleInit(): Promise<void> {
    await this.repository.ensure(this.name);
  }

  async state(): Promise<PaceState> {
    if (performance.now() - this.knownAt > FRESH_MS) {
      this.known = await this.repository.state(this.name, this.limits);
      this.knownAt = performance.now();
    }
    return this.known;
  }

  /** How many messages to prepare together: few at a slow rate, and few after trouble, so that recovery ramps up. */
  async batchSize(most: number, dispatchRate: number | null): Promise<number> {
    const { trouble } = await this.state();
    const rate = Math.min(this.limits.ratePerMinute ?? Infinity, dispatchRate ?? Infinity);
    return Math.max(1, Math.floor(Math.min(most / 4 ** trouble, (rate / 60_000) * BATCH_MS)));
  }

  /** Asks for a turn for `wanted` messages; a turn of size 0 says when to ask again. */
  async turn(wanted: number, dispatch: { dispatchId: string; ratePerMinute: number | null }): Promise<Turn> {
    const { ratePerMinute, dayBudget } = this.limits;
    const { closedForMs } = await this.state();
    if (closedForMs > 0) return { size: 0, startsAt: performance.now() + closedForMs, every: 0 };
    let turn: Turn = { size: wanted, startsAt: performance.now(), every: 0 };
    if (dispatch.ratePerMinute !== null) {
      const name = `dispatch ${dispatch.dispatchId}`;
      await this.repository.ensure(name);
      turn = await this.reserve(name, { ...NEVER, ratePerMinute: dispatch.ratePerMinute }, turn);
    }
    if (ratePerMinute !== null || dayBudget !== null) turn = await this.reserve(this.name, this.limits, turn);
    return turn;
  }

  /** The server throttles or cannot be reached: nobody uses it for a while. */
  async close(reason: string): Promise<void> {
    this.knownAt = -Infinity;
    const { firstClosureSeconds, longestClosureSeconds } = this.options;
    if (!(await this.repository.closeFor(this.name, reason, firstClosureSeconds, longestClosureSeconds))) return;
    this.logger.warn({ message: 'transport closed', transport: this.name, reason });
  }

  async wentWell(): Promise<void> {
    if (this.known.trouble === 0) return;
    await this.repository.recover(this.name);
    this.knownAt = -Infinity;
  }

  private async reserve(name: string, limits: Limits, turn: Turn): Promise<Turn> {
    if (turn.size === 0) return turn;
    const { granted, waitMs } = await this.repository.reserve(name, limits, turn.size);
    if (granted === 0) this.knownAt = -Infinity;
    return {
      size: granted,
      startsAt: Math.max(turn.startsAt, performance.now() + waitMs),
      every: Math.max(turn.every, limits.ratePerMinute === null ? 0 : 60_000 / limits.ratePerMinute),
    };
  }
}
