import { type MailTransport, type Outcome, type OutgoingMessage } from '../delivery/index.js';
import { type FixedClock } from '../shared/clock.js';
import { isWithinShare, type Scenario } from './simulation.scenario.js';

const TAKEN: Outcome = { kind: 'accepted', code: 250, response: '250 taken by the simulation' };

/**
 * A mail server as the scenario has it, in front of another transport or of nothing at all. With a rate the clock moves
 * on with every message that is taken, so that a slow server takes its time in the calendar and none in reality.
 */
export class SimulatedTransport implements MailTransport {
  readonly name = 'simulation';
  readonly concurrency = 500;
  /** With nothing behind, nobody reads: a calendar says who gets what and when. */
  readonly readsContent: boolean;
  readonly tellsLeaving: boolean;
  /** When each message was taken, to the second of the simulation: a ledger that writes many down at once is coarser. */
  readonly taken = new Map<string, Date>();
  /** How often it was asked to send something. */
  asked = 0;
  private readonly deferred = new Set<string>();

  constructor(
    private readonly clock: FixedClock,
    private readonly scenario: Scenario,
    private readonly options: { readonly behind?: MailTransport; readonly ratePerMinute?: number | undefined } = {},
  ) {
    this.tellsLeaving = options.behind?.tellsLeaving === true;
    this.readsContent = options.behind !== undefined && options.behind.readsContent !== false;
  }

  isDown(at: Date): boolean {
    const { down } = this.scenario;
    return down !== null && at >= down.from && at < down.until;
  }

  async send(message: OutgoingMessage): Promise<Outcome> {
    this.asked += 1;
    const { refusedShare, deferredShare } = this.scenario;
    if (this.isDown(this.clock.now())) return { kind: 'not-sent', reason: 'The mail server does not answer' };
    if (isWithinShare(`refused ${message.to}`, refusedShare)) {
      return { kind: 'permanent', code: 550, enhanced: '5.1.1', response: '550 5.1.1 refused by the simulation' };
    }
    if (isWithinShare(`deferred ${message.id}`, deferredShare) && !this.deferred.has(message.id)) {
      this.deferred.add(message.id);
      return { kind: 'transient', code: 451, enhanced: '4.3.0', response: '451 4.3.0 deferred by the simulation' };
    }
    const { behind, ratePerMinute } = this.options;
    if (ratePerMinute !== undefined) {
      this.taken.set(message.id, this.clock.now());
      this.clock.advance(60_000 / ratePerMinute);
    }
    return behind ? behind.send(message) : TAKEN;
  }

  async close(): Promise<void> {
    await this.options.behind?.close();
  }
}
