import { Injectable } from '@nestjs/common';
import { Ledger, type MessageView, type NewSuppression, SuppressionList } from '../delivery/index.js';
import { Clock } from '../shared/clock.js';
import { NotFoundError } from '../shared/errors.js';
import { FeedbackRepository, type RecipientRow, type ReportRow } from './feedback.repository.js';
import type { ReportState } from './feedback.tables.js';
import { ruleFor } from './suppression.rules.js';

const DAY = 86_400_000;
/** A message that was never recorded as accepted after so long is no race any more: a person looks. */
const LONGEST_WAIT = 3 * DAY;
/** ARF types by which a recipient objects (RFC 5965 section 7.3); `auth-failure` and the like are about our set-up. */
const objections = new Set(['abuse', 'fraud', 'virus', 'opt-out', 'opt-out-list', 'other']);

type Settled = {
  readonly state: ReportState;
  readonly reason: string;
  /** What comes of it for the address. */
  readonly suppression?: NewSuppression | undefined;
};

/**
 * Lets one proven report act. Each step before the last may be repeated, so that a crash between two of them is mended by
 * the next round of `FeedbackTicker`; the last one, which settles the report and suppresses its address, is one transaction.
 */
@Injectable()
export class ReportApplication {
  constructor(
    private readonly repository: FeedbackRepository,
    private readonly ledger: Ledger,
    private readonly suppressions: SuppressionList,
    private readonly clock: Clock,
  ) {}

  /** @returns false when the report goes on waiting, or another process settled it. */
  async apply(report: ReportRow): Promise<boolean> {
    const settled = await this.act(report);
    if (settled.state === 'waiting') return false;
    return this.repository.db.transaction().execute(async (trx) => {
      if (!(await this.repository.settle(report.id, 'waiting', settled, this.clock.now(), trx))) return false;
      if (settled.suppression) await this.suppressions.add(settled.suppression, trx);
      return true;
    });
  }

  private async act(report: ReportRow): Promise<Settled> {
    const message = report.message_id === null ? undefined : await this.find(report.message_id);
    if (!message) return { state: 'review', reason: 'no-such-message' };
    const recipient = concernOf(await this.repository.recipients(report.id), message.address);
    if (!recipient) return { state: 'review', reason: 'recipient-unclear' };
    if (!recipient.gave_up) return { state: 'ignored', reason: 'delay' };
    switch (recipient.kind) {
      case 'complaint':
        return this.complain(report, message);
      case 'hard':
      case 'soft':
        return this.bounce(report, message, recipient, recipient.kind);
      case 'auto-reply':
      case 'delivered':
        return { state: 'ignored', reason: recipient.kind };
    }
  }

  private async bounce(
    report: ReportRow,
    message: MessageView,
    { reason, status }: RecipientRow,
    kind: 'hard' | 'soft',
  ): Promise<Settled> {
    const result = await this.ledger.markBounced(message.id, status === null ? reason : `${reason} ${status}`);
    if (result !== 'marked' && result !== 'already') return this.unmarked(report, result);
    // Redacted: the bounce is recorded, and there is no address left to suppress.
    if (message.address === null) return { state: 'applied', reason: 'bounced' };
    const address = message.address.toLowerCase();
    await this.repository.addFailure({
      report_id: report.id,
      message_id: message.id,
      address,
      kind,
      reason,
      occurred_at: report.received_at,
    });
    const suppression = await this.suppressionFor(report, address, reason, kind);
    return { state: 'applied', reason: suppression ? 'bounced-and-suppressed' : 'bounced', suppression };
  }

  private async suppressionFor(
    report: ReportRow,
    address: string,
    reason: RecipientRow['reason'],
    kind: 'hard' | 'soft',
  ): Promise<NewSuppression | undefined> {
    const rule = ruleFor(reason, kind);
    if (!rule) return undefined;
    const since = new Date(report.received_at.getTime() - rule.withinDays * DAY);
    if ((await this.repository.countFailures(address, reason, since)) < rule.reports) return undefined;
    return {
      address,
      reason: kind === 'hard' ? 'hard-bounce' : `repeated-${reason}`,
      source: `report:${report.id}`,
      expiresAt: rule.forDays === null ? null : new Date(this.clock.now().getTime() + rule.forDays * DAY),
    };
  }

  private async complain(report: ReportRow, message: MessageView): Promise<Settled> {
    if (!objections.has(report.feedback_type ?? 'abuse')) return { state: 'ignored', reason: 'no-objection' };
    const result = await this.ledger.markComplained(message.id, `complaint ${report.feedback_type ?? 'abuse'}`);
    if (result !== 'marked' && result !== 'already') return this.unmarked(report, result);
    if (message.address !== null) {
      await this.repository.addOptOut({
        address: message.address.toLowerCase(),
        reason: 'complaint',
        message_id: message.id,
        created_at: this.clock.now(),
      });
    }
    return { state: 'applied', reason: 'complained' };
  }

  private unmarked(report: ReportRow, result: 'not-yet' | 'not-sent' | 'no-such-message'): Settled {
    if (result !== 'not-yet') return { state: 'review', reason: result };
    const waited = this.clock.now().getTime() - report.received_at.getTime();
    return waited > LONGEST_WAIT
      ? { state: 'review', reason: 'never-accepted' }
      : { state: 'waiting', reason: 'proven' };
  }

  private async find(messageId: string): Promise<MessageView | undefined> {
    try {
      return await this.ledger.message(messageId);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }
}

/**
 * The recipient that we wrote to. A server may report another address than ours (an alias it resolved); with only one
 * there is no doubt, with several of which none is ours there is.
 */
function concernOf(recipients: readonly RecipientRow[], address: string | null): RecipientRow | undefined {
  const ours = recipients.find((recipient) => address !== null && recipient.address === address.toLowerCase());
  return ours ?? (recipients.length === 1 ? recipients[0] : undefined);
}
