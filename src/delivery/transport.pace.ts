import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery.options.js';
import { MAIL_ROUTES, type MailRoute } from './mail-routes.js';
import { type Limits, PaceRepository, type PaceState } from './pace.repository.js';
import { RouteChoice } from './route.choice.js';

/** Which transport a batch may leave by and when, by this process's monotonic clock (`performance.now()`). */
export interface Turn {
  readonly route: MailRoute;
  readonly size: number;
  readonly startsAt: number;
  /** Milliseconds from one message to the next. */
  readonly every: number;
}

/** No turn now: when to ask again, by the same clock. */
export interface Wait {
  readonly until: number;
}

/** A rate is kept even by handing out no more than this at once. */
const BATCH_MS = 250;
/**
 * So many intents go on disk together, while as many are on the wire. A commit costs milliseconds: with 40 at once the
 * wire waited for the disk half of the time, with 200 it is no faster than with 100, and a killed worker leaves more
 * messages unknown.
 */
const WINDOW = 100;
/** While all mail is stopped nobody knows until when: it is looked at again so often, in milliseconds. */
const STOPPED_MS = 1_000;
/** How long this process trusts what it last read of the shared state, in milliseconds. */
const FRESH_MS = 200;
/** The name in `pace` of what all transports may do together. */
const TOGETHER = 'all transports';
const UNLIMITED: Limits = { ratePerMinute: null, dayBudget: null };
const UNUSED: PaceState = { closedForMs: 0, closedReason: null, nextSlotInMs: 0, trouble: 0, dayUsed: 0 };

/**
 * How fast the transports may be used by all workers together, and whether at all: rate, day's budget and a circuit
 * breaker for each. A batch goes to one that is open, by weight; so whatever a failed transport left unsent goes by
 * the next. What it may have sent is no longer asked about here.
 */
@Injectable()
export class TransportPace implements OnModuleInit {
  private readonly logger = new Logger(TransportPace.name);
  private readonly together: Limits;
  private readonly limits: ReadonlyMap<string, Limits>;
  private readonly choice: RouteChoice;
  private known: ReadonlyMap<string, PaceState> = new Map();
  private knownAt = -Infinity;
  private stopped = false;

  constructor(
    private readonly repository: PaceRepository,
    @Inject(MAIL_ROUTES) private readonly routes: readonly MailRoute[],
    @InjectConfig() { mailRatePerMinute, mailDayBudget }: Config,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
  ) {
    this.together = { ratePerMinute: mailRatePerMinute ?? null, dayBudget: mailDayBudget ?? null };
    this.limits = new Map([
      ...routes.map(({ name, limits }) => [name, limits] as const),
      ...(isLimited(this.together) ? [[TOGETHER, this.together] as const] : []),
    ]);
    this.choice = new RouteChoice(routes, BATCH_MS);
  }

  /** Of everything configured that has a breaker or limits. */
  get names(): string[] {
    return [...this.limits.keys()];
  }

  /** Whether somebody has stopped all mail. */
  async isStopped(): Promise<boolean> {
    await this.states();
    return this.stopped;
  }

  async onModuleInit(): Promise<void> {
    await this.repository.ensure(...this.names);
  }

  /** Of everything that has a breaker or limits, by its name: the transports, and all of them together. */
  async states(): Promise<ReadonlyMap<string, PaceState>> {
    if (performance.now() - this.knownAt > FRESH_MS) {
      this.stopped = await this.repository.isStopped();
      this.known = await this.repository.states(this.limits);
      this.knownAt = performance.now();
    }
    return this.known;
  }

  /** Of mail as a whole: closed while it is stopped, while every transport is, or while the limit of all together is reached. */
  async state(): Promise<PaceState> {
    const states = await this.states();
    const each = this.routes.map(({ name }) => states.get(name) ?? UNUSED);
    const best = each.reduce((a, b) => (b.closedForMs < a.closedForMs ? b : a));
    const all = states.get(TOGETHER) ?? UNUSED;
    const dayUsed = isLimited(this.together) ? all.dayUsed : each.reduce((sum, state) => sum + state.dayUsed, 0);
    const state = { ...best, ...(all.closedForMs > best.closedForMs && all), trouble: best.trouble, dayUsed };
    if (!this.stopped) return state;
    return { ...state, closedForMs: Math.max(state.closedForMs, STOPPED_MS), closedReason: 'all mail is stopped' };
  }

  /** How many messages to prepare together: few at a slow rate, and few after trouble, so that recovery ramps up. */
  async batchSize(dispatchRate: number | null): Promise<number> {
    const states = await this.states();
    const open = this.routes.filter(({ name }) => (states.get(name) ?? UNUSED).closedForMs === 0);
    const most = open.map((route) => largestBatch(route, states.get(route.name)));
    return Math.floor(Math.min(Math.max(1, ...most), inBatch(this.together), inBatchAt(dispatchRate)));
  }

  /** Asks for a turn for `wanted` messages, at least one; a turn may be for fewer. */
  async turn(wanted: number, dispatch: { dispatchId: string; ratePerMinute: number | null }): Promise<Turn | Wait> {
    const states = await this.states();
    const { closedForMs } = await this.state();
    const route = closedForMs > 0 ? undefined : this.choice.next(states, wanted);
    if (!route) return { until: performance.now() + closedForMs };
    const size = Math.min(wanted, largestBatch(route, states.get(route.name)));
    let turn: Turn | Wait = { route, size, startsAt: performance.now(), every: 0 };
    if (dispatch.ratePerMinute !== null) {
      const name = `dispatch ${dispatch.dispatchId}`;
      await this.repository.ensure(name);
      turn = await this.reserve(name, { ...UNLIMITED, ratePerMinute: dispatch.ratePerMinute }, turn);
    }
    turn = await this.reserve(TOGETHER, this.together, turn);
    return this.reserve(route.name, route.limits, turn);
  }

  /** The server of this transport throttles or cannot be reached: nobody uses it for a while. */
  async close({ name }: MailRoute, reason: string): Promise<void> {
    this.knownAt = -Infinity;
    const { firstClosureSeconds, longestClosureSeconds } = this.options;
    if (!(await this.repository.closeFor(name, reason, firstClosureSeconds, longestClosureSeconds))) return;
    this.logger.warn({ message: 'transport closed', transport: name, reason });
  }

  async wentWell({ name }: MailRoute): Promise<void> {
    if ((this.known.get(name) ?? UNUSED).trouble === 0) return;
    await this.repository.recover(name);
    this.knownAt = -Infinity;
  }

  private async reserve(name: string, limits: Limits, turn: Turn | Wait): Promise<Turn | Wait> {
    if (!('route' in turn) || !isLimited(limits)) return turn;
    const { granted, waitMs } = await this.repository.reserve(name, limits, turn.size);
    const startsAt = Math.max(turn.startsAt, performance.now() + waitMs);
    // Whoever chooses among several must know what was just handed out.
    if (granted === 0 || this.routes.length > 1) this.knownAt = -Infinity;
    if (granted === 0) return { until: startsAt };
    const every = limits.ratePerMinute === null ? 0 : 60_000 / limits.ratePerMinute;
    return { ...turn, size: granted, startsAt, every: Math.max(turn.every, every) };
  }
}

function isLimited({ ratePerMinute, dayBudget }: Limits): boolean {
  return ratePerMinute !== null || dayBudget !== null;
}

function inBatchAt(ratePerMinute: number | null): number {
  return ratePerMinute === null ? Infinity : Math.max(1, (ratePerMinute / 60_000) * BATCH_MS);
}

function inBatch({ ratePerMinute }: Limits): number {
  return inBatchAt(ratePerMinute);
}

function largestBatch({ transport, limits }: MailRoute, { trouble }: PaceState = UNUSED): number {
  // Two windows are on their way together.
  const most = Math.max(Math.ceil(transport.concurrency / 2), WINDOW);
  return Math.max(1, Math.floor(Math.min(most / 4 ** trouble, inBatch(limits))));
}
