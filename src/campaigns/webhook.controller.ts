import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { ApiProblems, Idempotent } from '../platform/api/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import {
  createdWebhookSchema,
  deliveryIdSchema,
  deliveryPageSchema,
  deliveryQuerySchema,
  deliveryView,
  type DeliveryView,
  newWebhookSchema,
  type NewWebhook,
  webhookIdSchema,
  webhookPageSchema,
  webhookQuerySchema,
  webhookSchema,
  webhookView,
  type WebhookView,
} from './webhook.api.js';
import { Webhooks } from './webhook.service.js';

/**
 * Programs that are told what happens. Events are of the whole country, so a principal of one region manages none.
 */
@ApiTags('Webhooks')
@ApiBearerAuth()
@RequirePermission('webhook:manage')
@Controller('api/v1/webhooks')
@WholeCountry()
export class WebhookController {
  constructor(private readonly webhooks: Webhooks) {}

  @Post()
  @Idempotent()
  @ApiOperation({
    summary: 'Register a webhook',
    description:
      'Each event is POSTed as JSON {type, timestamp, data} with the headers webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks. Any 2xx answer within 15 seconds is a success; others are tried again for 3 days. Private, loopback and link-local targets are refused.',
  })
  @ApiCreatedResponse({ standardSchema: createdWebhookSchema, description: 'The secret is shown this once' })
  @ApiProblems(400, 409, 413, 415)
  async register(
    @Body({ schema: newWebhookSchema }) wanted: NewWebhook,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WebhookView & { secret: string }> {
    const { webhook, secret } = await this.webhooks.register(wanted, principal);
    return { ...webhookView(webhook), secret };
  }

  @Get()
  @ApiOperation({ summary: 'List webhooks' })
  @ApiOkResponse({ standardSchema: webhookPageSchema, description: 'Newest first; never their secrets' })
  @ApiProblems(400)
  async list(
    @Query({ schema: webhookQuerySchema }) { limit, cursor }: z.infer<typeof webhookQuerySchema>,
  ): Promise<Page<WebhookView>> {
    return pageOf((await this.webhooks.list(limit + 1, cursor)).map(webhookView), limit, ({ id }) => id);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a webhook' })
  @ApiOkResponse({ standardSchema: webhookSchema })
  @ApiProblems(400, 404)
  async get(@Param('id', { schema: webhookIdSchema }) id: string): Promise<WebhookView> {
    return webhookView(await this.webhooks.get(id));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a webhook and its log' })
  @ApiNoContentResponse({ description: 'It is told nothing any more' })
  @ApiProblems(400, 404)
  async remove(
    @Param('id', { schema: webhookIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.webhooks.remove(id, principal);
  }

  @Post(':id/enable')
  @HttpCode(200)
  @Idempotent()
  @ApiOperation({ summary: 'Enable a webhook again; what it missed can be redelivered' })
  @ApiOkResponse({ standardSchema: webhookSchema })
  @ApiProblems(400, 404, 409)
  async enable(
    @Param('id', { schema: webhookIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WebhookView> {
    return webhookView(await this.webhooks.enable(id, principal));
  }

  @Post(':id/disable')
  @HttpCode(200)
  @Idempotent()
  @ApiOperation({ summary: 'Stop telling a webhook' })
  @ApiOkResponse({ standardSchema: webhookSchema })
  @ApiProblems(400, 404, 409)
  async disable(
    @Param('id', { schema: webhookIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WebhookView> {
    return webhookView(await this.webhooks.disable(id, principal));
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Idempotent()
  @ApiOperation({ summary: 'Sign with a new secret from now on' })
  @ApiOkResponse({ standardSchema: createdWebhookSchema, description: 'The new secret is shown this once' })
  @ApiProblems(400, 404, 409)
  async rotateSecret(
    @Param('id', { schema: webhookIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WebhookView & { secret: string }> {
    const { webhook, secret } = await this.webhooks.rotateSecret(id, principal);
    return { ...webhookView(webhook), secret };
  }

  @Post(':id/test')
  @HttpCode(202)
  @Idempotent()
  @ApiOperation({ summary: 'Deliver a test event to this webhook alone' })
  @ApiAcceptedResponse({ description: 'It will be tried within seconds' })
  @ApiProblems(400, 404, 409)
  async test(
    @Param('id', { schema: webhookIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.webhooks.sendTest(id, principal);
  }

  @Get(':id/deliveries')
  @ApiOperation({ summary: 'List what a webhook was, or is to be, told' })
  @ApiOkResponse({ standardSchema: deliveryPageSchema, description: 'Newest first' })
  @ApiProblems(400, 404)
  async deliveries(
    @Param('id', { schema: webhookIdSchema }) id: string,
    @Query({ schema: deliveryQuerySchema }) { limit, cursor, state }: z.infer<typeof deliveryQuerySchema>,
  ): Promise<Page<DeliveryView>> {
    const lines = await this.webhooks.deliveries(id, { state, before: cursor, limit: limit + 1 });
    return pageOf(lines.map(deliveryView), limit, (line) => line.id);
  }

  @Post(':id/deliveries/:deliveryId/redeliver')
  @HttpCode(202)
  @Idempotent()
  @ApiOperation({ summary: 'Deliver an event once more' })
  @ApiAcceptedResponse({ description: 'It will be tried within seconds' })
  @ApiProblems(400, 404, 409)
  async redeliver(
    @Param('id', { schema: webhookIdSchema }) id: string,
    @Param('deliveryId', { schema: deliveryIdSchema }) deliveryId: number,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.webhooks.redeliver(id, deliveryId, principal);
  }
}
