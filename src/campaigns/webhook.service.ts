import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { v7 as uuid } from 'uuid';
import { AuditTrail, type Json, type Principal } from '../access/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { TextSealer } from '../platform/http/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, NotFoundError } from '../shared/errors.js';
import { type NewWebhook } from './webhook.api.js';
import { type DeliveryLine, WebhookRepository, type WebhookRow } from './webhook.repository.js';
import { newWebhookSecret } from './webhook.signature.js';
import { WebhookTargets } from './webhook.target.js';
import { type WebhookTables } from './webhook.types.js';

/** Keeps the addresses that are told what happens, and the log of what they were told. */
@Injectable()
export class Webhooks {
  private readonly sealer: TextSealer;

  constructor(
    private readonly webhooks: WebhookRepository,
    private readonly targets: WebhookTargets,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() config: Config,
  ) {
    this.sealer = new TextSealer(config.secret, 'webhook');
  }

  /** Answers with the signing secret, this once. @throws InvalidInputError `bad-webhook-url`. */
  async register(wanted: NewWebhook, by: Principal): Promise<{ webhook: WebhookRow; secret: string }> {
    await this.targets.check(wanted.url);
    const secret = newWebhookSecret();
    const webhook: WebhookRow = {
      id: uuid(),
      url: wanted.url,
      description: wanted.description,
      events: [...new Set(wanted.events)],
      sealed_secret: this.sealer.seal(secret),
      state: 'active',
      disabled_reason: null,
      failing_since: null,
      created_by: by.id,
      created_at: this.clock.now(),
    };
    await this.webhooks.db.transaction().execute(async (trx) => {
      await this.webhooks.add(webhook, trx);
      await this.record('registered', webhook.id, by, { events: webhook.events }, trx);
    });
    return { webhook, secret };
  }

  /** @throws NotFoundError `no-such-webhook`, as do all below that take an id. */
  async get(id: string): Promise<WebhookRow> {
    const webhook = await this.webhooks.find(id);
    if (!webhook) throw noSuchWebhook(id);
    return webhook;
  }

  async list(limit: number, before?: string): Promise<WebhookRow[]> {
    return this.webhooks.page(limit, before);
  }

  /** Its log goes with it; the audit trail keeps that it was there. */
  async remove(id: string, by: Principal): Promise<void> {
    await this.change(id, 'removed', by, (trx) => this.webhooks.remove(id, trx));
  }

  async enable(id: string, by: Principal): Promise<WebhookRow> {
    await this.targets.check((await this.get(id)).url);
    return this.change(id, 'enabled', by, (trx) => this.webhooks.enable(id, trx));
  }

  async disable(id: string, by: Principal): Promise<WebhookRow> {
    return this.change(id, 'disabled', by, (trx) => this.webhooks.disable(id, 'by hand', trx));
  }

  /** Makes a new signing secret and answers with it, this once. The old one signs nothing any more. */
  async rotateSecret(id: string, by: Principal): Promise<{ webhook: WebhookRow; secret: string }> {
    const secret = newWebhookSecret();
    const seal = (trx: Transaction<WebhookTables>) => this.webhooks.setSecret(id, this.sealer.seal(secret), trx);
    return { webhook: await this.change(id, 'secret-rotated', by, seal), secret };
  }

  /** Delivers an event that says nothing, within seconds. @throws ConflictError `webhook-disabled`. */
  async sendTest(id: string, by: Principal): Promise<void> {
    await this.requireActive(id);
    await this.change(id, 'tested', by, async (trx) => {
      await this.webhooks.addTest(id, this.clock.now(), trx);
      return true;
    });
  }

  async deliveries(id: string, filter: Parameters<WebhookRepository['deliveries']>[1]): Promise<DeliveryLine[]> {
    await this.get(id);
    return this.webhooks.deliveries(id, filter);
  }

  /** @throws ConflictError `webhook-disabled`, or `not-redeliverable` when there is no such ended delivery. */
  async redeliver(id: string, deliveryId: number, by: Principal): Promise<void> {
    await this.requireActive(id);
    await this.webhooks.db.transaction().execute(async (trx) => {
      if (!(await this.webhooks.redeliver(id, deliveryId, this.clock.now(), trx)))
        throw new ConflictError('not-redeliverable', `Webhook ${id} has no delivery ${deliveryId} that has ended`);
      await this.record('redelivered', id, by, { delivery: deliveryId }, trx);
    });
  }

  /** The secret that signs; undefined when the configured secret is another by now. */
  secretOf(sealed: string): string | undefined {
    return this.sealer.open(sealed);
  }

  private async requireActive(id: string): Promise<void> {
    const { state } = await this.get(id);
    if (state === 'disabled') throw new ConflictError('webhook-disabled', `Webhook ${id} is disabled: enable it first`);
  }

  private async change<R extends WebhookRow | true>(
    id: string,
    action: string,
    by: Principal,
    apply: (trx: Transaction<WebhookTables>) => Promise<R | false | undefined>,
  ): Promise<R> {
    return this.webhooks.db.transaction().execute(async (trx) => {
      const changed = await apply(trx);
      if (!changed) throw noSuchWebhook(id);
      await this.record(action, id, by, {}, trx);
      return changed;
    });
  }

  private async record(
    action: string,
    id: string,
    by: Principal,
    details: Readonly<Record<string, Json>>,
    trx: Transaction<WebhookTables>,
  ): Promise<void> {
    await this.audit.record({ actor: by.id, action: `webhook.${action}`, subject: `webhook:${id}`, details }, trx);
  }
}

function noSuchWebhook(id: string): NotFoundError {
  return new NotFoundError('no-such-webhook', `There is no webhook ${id}`);
}
