import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Tick } from '../platform/schedule/index.js';
import { Clock } from '../shared/clock.js';
import { groupBy } from '../shared/group-by.js';
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
   * One round; @returns how many messages are unknown no longer. Any number of processes may run rounds at once. A
   * transport that cannot be asked holds up no other.
   */
  async resolve(): Promise<number> {
    let resolved = 0;
    const byTransport = groupBy(await this.ledger.unknowns(), ({ transport }) => transport ?? '');
    for (const [name, asked] of this.asking) {
      await this.round.part({ transport: name }, async () => {
        for (const message of byTransport.get(name) ?? []) if (await this.decide(message, asked)) resolved += 1;
      });
    }
    if (resolved > 0) this.logger.log({ message: 'unknown messages decided', resolved });
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
