import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { Ledger } from './ledger.service.js';
import { type MessageView } from './ledger.types.js';
import { MAIL_ROUTES, type MailRoute } from './mail-routes.js';
import { type MailTransport } from './transport.js';

const TICK_MS = 60_000;
/** So long after it became unknown, a message that the service behind does not have will not appear there any more. */
const CERTAIN_AFTER_MS = 10 * 60_000;

type Asking = MailTransport & Required<Pick<MailTransport, 'lookUp'>>;

/**
 * Decides about unknown messages of transports that can be asked what became of them: taken, failed, or certainly not
 * there, in which case it is sent again. What nobody can tell is left to a person.
 */
@Injectable()
export class UnknownResolver implements BeforeApplicationShutdown {
  private readonly logger = new Logger(UnknownResolver.name);
  private readonly round = new Tick(() => this.resolve(), this.logger);
  private readonly asking: ReadonlyMap<string, Asking>;

  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
    @Inject(MAIL_ROUTES) routes: readonly MailRoute[],
  ) {
    this.asking = new Map(routes.flatMap(({ name, transport }) => (canBeAsked(transport) ? [[name, transport]] : [])));
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.asking.size > 0) await this.round.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.round.stop();
  }

  /**
   * One round; @returns how many messages are unknown no longer. Any number of processes may run rounds at once.
   * @throws what kept a transport from being asked, once the others have been.
   */
  async resolve(): Promise<number> {
    let resolved = 0;
    const silent = new Map<string, unknown>();
    for (const message of await this.ledger.unknowns()) {
      const name = message.transport ?? '';
      const transport = this.asking.get(name);
      if (!transport || silent.has(name)) continue;
      try {
        if (await this.decide(message, transport)) resolved += 1;
      } catch (error) {
        // It is asked nothing more in this round; the others need not wait for it.
        silent.set(name, error);
      }
    }
    if (resolved > 0) this.logger.log({ message: 'unknown messages decided', resolved });
    for (const error of silent.values()) throw error;
    return resolved;
  }

  private async decide({ id, stateChangedAt, transport }: MessageView, asked: Asking): Promise<boolean> {
    const found = await asked.lookUp(id);
    const since = stateChangedAt;
    if (found !== 'absent') return this.ledger.settleUnknown(id, since, found, `found at ${transport}`);
    if (this.clock.now().getTime() - since.getTime() < CERTAIN_AFTER_MS) return false;
    return this.ledger.settleUnknown(id, since, 'queued', `not found at ${transport}`);
  }
}

function canBeAsked(transport: MailTransport): transport is Asking {
  return transport.lookUp !== undefined;
}
