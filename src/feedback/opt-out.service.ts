import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../access/index.js';
import { Ledger, OptOuts, readUnsubscribeToken, SuppressionList } from '../delivery/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { Clock } from '../shared/clock.js';
import { InvalidInputError, NotFoundError } from '../shared/errors.js';
import { FeedbackRepository } from './feedback.repository.js';

/** Who does not want optional mail, and the lifting of what keeps mail from an address. */
@Injectable()
export class OptOutService {
  constructor(
    private readonly repository: FeedbackRepository,
    private readonly ledger: Ledger,
    private readonly suppressions: SuppressionList,
    private readonly optOuts: OptOuts,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * The message that an unsubscribe link was made for. For GET: it changes nothing, because scanners open links.
   * @throws InvalidInputError `bad-unsubscribe-link` when the link is none of ours.
   */
  requireLink(token: string): string {
    const messageId = readUnsubscribeToken(token, this.config.secret);
    if (messageId !== undefined) return messageId;
    throw new InvalidInputError('bad-unsubscribe-link', 'The link is not complete: copy it whole from the email');
  }

  /**
   * The POST of an unsubscribe link (RFC 8058): its address gets no more optional mail, and what is unsent of that
   * campaign is stopped for that person. A second time changes nothing.
   * @throws InvalidInputError `bad-unsubscribe-link`, NotFoundError `no-such-message`.
   */
  async unsubscribe(token: string): Promise<void> {
    const messageId = this.requireLink(token);
    const { address, campaignId, personKey } = await this.ledger.message(messageId);
    // Redacted: nothing is known any more of whom it was written to, so nobody can be written to either.
    if (address === null) return;
    await this.repository.addOptOut({
      address: address.toLowerCase(),
      reason: 'unsubscribed',
      message_id: messageId,
      created_at: this.clock.now(),
    });
    await this.ledger.cancelUnsent({ campaignId, personKeys: [personKey] }, 'unsubscribed');
  }

  /** Which of the addresses, or of all, get no optional mail (lower case). Service notices go to them all the same. */
  async optedOut(addresses: readonly string[] | 'all'): Promise<ReadonlySet<string>> {
    return this.optOuts.optedOut(addresses);
  }

  /**
   * An operator lifts everything that keeps mail from an address: suppressions and opt-outs. Audited, by the reports
   * and messages that it came from, never by address.
   * @throws NotFoundError `not-suppressed`.
   */
  async lift(address: string, actor: string): Promise<void> {
    const normalised = normalise(address);
    await this.repository.db.transaction().execute(async (trx) => {
      const wishes = await this.repository.liftOptOut(normalised, actor, this.clock.now(), trx);
      const lifted = [
        ...(await this.suppressions.lift(normalised, actor, trx)),
        ...wishes.map((messageId) => `message:${messageId}`),
      ];
      const [subject] = lifted;
      if (subject === undefined) throw new NotFoundError('not-suppressed', 'Nothing keeps mail from this address');
      await this.audit.record({ actor, action: 'suppression.lifted', subject, details: { lifted } }, trx);
    });
  }
}

const normalise = (address: string): string => address.trim().toLowerCase();
