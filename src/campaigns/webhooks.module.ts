import { Module } from '@nestjs/common';
import { WebhookProcessor } from './webhook.processor.js';
import { WebhookRepository } from './webhook.repository.js';
import { WebhookSender } from './webhook.sender.js';
import { Webhooks } from './webhook.service.js';
import { SYSTEM_NETWORK, WEBHOOK_NETWORK, WebhookTargets } from './webhook.target.js';
import { WebhookTicker } from './webhook.ticker.js';

/** Needs `Clock`, `AuditTrail`, the configuration, the job queue and the database from the root module. */
@Module({
  providers: [
    { provide: WEBHOOK_NETWORK, useValue: SYSTEM_NETWORK },
    WebhookRepository,
    WebhookTargets,
    WebhookSender,
    Webhooks,
    WebhookProcessor,
    WebhookTicker,
  ],
  exports: [Webhooks],
})
export class WebhooksModule {}
