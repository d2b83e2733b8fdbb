import { Injectable, Logger } from '@nestjs/common';
import { HandlesJob, type JobHandler, type JobPayload } from '../platform/jobs/index.js';
import { Clock } from '../shared/clock.js';
import { type ClaimedDelivery, WebhookRepository } from './webhook.repository.js';
import { type Attempt, ATTEMPT_LEASE, reasonToDisable, verdictOn } from './webhook.rules.js';
import { WebhookSender } from './webhook.sender.js';
import { Webhooks } from './webhook.service.js';
import { signatureHeaders } from './webhook.signature.js';

/** Makes one attempt at one delivery and writes down what came of it. */
@Injectable()
@HandlesJob('deliver-webhook')
export class WebhookProcessor implements JobHandler<'deliver-webhook'> {
  private readonly logger = new Logger(WebhookProcessor.name);

  constructor(
    private readonly repository: WebhookRepository,
    private readonly webhooks: Webhooks,
    private readonly sender: WebhookSender,
    private readonly clock: Clock,
  ) {}

  async handle({ deliveryId }: JobPayload<'deliver-webhook'>): Promise<void> {
    const now = this.clock.now();
    const delivery = await this.repository.claim(deliveryId, now, new Date(now.getTime() + ATTEMPT_LEASE));
    if (delivery) await this.settle(delivery, await this.attempt(delivery));
  }

  private async attempt({ eventId, type, occurredAt, data, url, sealedSecret }: ClaimedDelivery): Promise<Attempt> {
    const secret = this.webhooks.secretOf(sealedSecret);
    if (secret === undefined) return { error: 'secret-unreadable' };
    const id = `evt_${eventId}`;
    const body = JSON.stringify({ type, timestamp: occurredAt.toISOString(), data });
    return this.sender.post(url, body, signatureHeaders({ id, at: this.clock.now(), body }, secret));
  }

  private async settle(delivery: ClaimedDelivery, attempt: Attempt): Promise<void> {
    const now = this.clock.now();
    const verdict = verdictOn(attempt, delivery.attempts, now);
    const delivered = verdict.kind === 'delivered';
    const disable = delivered ? undefined : reasonToDisable(attempt, delivery.failingSince, now);
    await this.repository.db.transaction().execute(async (trx) => {
      await this.repository.lock(delivery.webhookId, trx);
      const outcome = {
        state: verdict.kind === 'retry' ? ('pending' as const) : verdict.kind,
        nextAttemptAt: verdict.kind === 'retry' ? verdict.at : null,
        status: 'status' in attempt ? attempt.status : null,
        error: 'error' in attempt ? attempt.error : null,
      };
      await this.repository.settle(delivery.id, outcome, trx);
      await this.repository.setFailing(delivery.webhookId, delivered ? null : now, trx);
      if (disable !== undefined) await this.repository.disable(delivery.webhookId, disable, trx);
    });
    if (disable !== undefined) this.logger.warn({ message: 'webhook disabled', webhook: delivery.webhookId });
  }
}
