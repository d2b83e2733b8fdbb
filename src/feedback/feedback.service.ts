import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { v7 } from 'uuid';
import { AuditTrail } from '../access/index.js';
import { Ledger, messageIdOfReturnPath } from '../delivery/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { inTwoTries } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../shared/errors.js';
import { classifyReport } from './classify-report.js';
import { FeedbackMetrics } from './feedback.metrics.js';
import { FeedbackRepository, type ReportRow } from './feedback.repository.js';
import type { ReportState } from './feedback.tables.js';
import { ReportApplication } from './report.application.js';
import type { FeedbackReport, ReportKind } from './report.types.js';

const MAX_EXCERPT = 2_000;
const NAME_OF = /^[a-z][a-z-]{0,29}$/;

export interface IngestOptions {
  /** How it arrived, as `imap`, `smtp`, `api`, `cli`: lower-case letters and hyphens. */
  readonly source: string;
  /** The address that the SMTP client named in RCPT, where known: headers can lose it. */
  readonly envelopeRecipient?: string;
}

/** A stored report, without addresses. */
export interface ReportView {
  readonly id: string;
  readonly kind: ReportKind;
  readonly state: ReportState;
  /** Why it is in this state: stable, in kebab case. */
  readonly stateReason: string;
  /** The message that it is proven, or was decided, to be about. */
  readonly messageId: string | null;
  readonly source: string;
  readonly receivedAt: Date;
}

/** Takes in what came back, and lets it change the ledger and the suppression list only where it is proven. */
@Injectable()
export class FeedbackService {
  private readonly logger = new Logger(FeedbackService.name);

  constructor(
    private readonly repository: FeedbackRepository,
    private readonly application: ReportApplication,
    private readonly ledger: Ledger,
    private readonly audit: AuditTrail,
    private readonly metrics: FeedbackMetrics,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Stores a raw message and acts on it. The same message again changes nothing and answers as before. Only a report
   * that came to a return path which this service signed changes anything; without one it goes to `review`. What proves
   * nothing about delivery (automatic replies, ordinary mail, notices of delay or success) is `ignored`.
   */
  async ingest(
    raw: Buffer | string,
    { source, envelopeRecipient }: IngestOptions,
  ): Promise<ReportView & { isNew: boolean }> {
    if (!NAME_OF.test(source))
      throw new InvalidInputError('bad-source', 'The source of a report is a short lower-case name');
    const sha256 = createHash('sha256').update(raw).digest();
    const report = await classifyReport(raw);
    const messageId = [envelopeRecipient, report.references.returnPathToken]
      .map((address) => (address === undefined ? undefined : messageIdOfReturnPath(address, this.config.secret)))
      .find((id) => id !== undefined);
    const row = this.rowOf(report, sha256, source, messageId);
    const recipients = report.recipients.map((recipient, ordinal) => ({
      report_id: row.id,
      ordinal,
      address: recipient.address?.toLowerCase() ?? null,
      kind: recipient.kind,
      reason: recipient.reason,
      status: recipient.status,
      gave_up: recipient.gaveUp,
    }));
    const isNew = await this.repository.add(row, recipients);
    if (isNew && row.state === 'waiting') await this.application.apply(row);
    const stored = await this.repository.bySha256(sha256);
    if (isNew) {
      this.metrics.count(stored, recipients);
      this.logger.log(`Report ${stored.id} (${stored.kind}) is ${stored.state}: ${stored.state_reason}`);
    }
    return { ...viewOf(stored), isNew };
  }

  /** Reports that a person must decide about, oldest first; page on with the id of the last. */
  async inReview(after?: string, limit = 100): Promise<ReportView[]> {
    return (await this.repository.inState('review', after, limit)).map(viewOf);
  }

  /**
   * A person decides that a report is about this message: it then acts as if it had been proven. Audited.
   * @throws NotFoundError `no-such-report`, `no-such-message`; ConflictError `not-in-review`.
   */
  async confirm(reportId: string, messageId: string, actor: string): Promise<ReportView> {
    await this.ledger.message(messageId);
    await this.decide(reportId, { state: 'waiting', reason: 'confirmed', messageId }, 'feedback.confirmed', actor);
    await inTwoTries(async () => this.application.apply(await this.require(reportId)));
    return viewOf(await inTwoTries(() => this.require(reportId)));
  }

  /** A person decides that a report means nothing. Audited. The same errors. */
  async dismiss(reportId: string, actor: string): Promise<ReportView> {
    await this.decide(reportId, { state: 'ignored', reason: 'dismissed' }, 'feedback.dismissed', actor);
    return viewOf(await inTwoTries(() => this.require(reportId)));
  }

  private async decide(
    reportId: string,
    to: { state: ReportState; reason: string; messageId?: string },
    action: string,
    actor: string,
  ): Promise<void> {
    await this.require(reportId);
    const decided = await this.repository.db.transaction().execute(async (trx) => {
      if (!(await this.repository.settle(reportId, 'review', to, this.clock.now(), trx))) return false;
      const details: Record<string, string> = to.messageId === undefined ? {} : { message: to.messageId };
      await this.audit.record({ actor, action, subject: `report:${reportId}`, details }, trx);
      return true;
    });
    if (decided) return;
    const { state } = await this.require(reportId);
    throw new ConflictError('not-in-review', `Report ${reportId} is ${state}: nobody has to decide about it`);
  }

  private async require(id: string): Promise<ReportRow> {
    const row = await this.repository.byId(id);
    if (!row) throw new NotFoundError('no-such-report', `There is no report ${id}`);
    return row;
  }

  private rowOf(report: FeedbackReport, sha256: Buffer, source: string, messageId: string | undefined): ReportRow {
    const now = this.clock.now();
    const first = firstState(report, messageId);
    return {
      id: v7({ msecs: now.getTime() }),
      sha256,
      source,
      received_at: now,
      kind: report.kind,
      feedback_type: report.feedbackType ?? null,
      message_id: messageId ?? null,
      claimed_message: report.references.originalMessageId ?? null,
      state: first.state,
      state_reason: first.reason,
      state_changed_at: now,
      excerpt:
        report.recipients
          .map((recipient) => recipient.diagnostic)
          .join('\n')
          .slice(0, MAX_EXCERPT) || null,
      redacted_at: null,
    };
  }
}

function firstState(report: FeedbackReport, messageId: string | undefined): { state: ReportState; reason: string } {
  switch (report.kind) {
    case 'not-bounce':
    case 'auto-reply':
    case 'delivered':
      return { state: 'ignored', reason: report.kind };
    case 'hard':
    case 'soft':
    case 'complaint':
      return messageId === undefined ? { state: 'review', reason: 'unsigned' } : { state: 'waiting', reason: 'proven' };
  }
}

const viewOf = (row: ReportRow): ReportView => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  stateReason: row.state_reason,
  messageId: row.message_id,
  source: row.source,
  receivedAt: row.received_at,
});
