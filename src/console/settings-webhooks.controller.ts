import { Body, Get, Param, Post, Query, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { newWebhookSchema, WEBHOOK_EVENTS, Webhooks } from '../campaigns/index.js';
import { inTwoTries } from '../platform/database/index.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, faultsOfZod, type FormFaults, NO_FAULTS, refusal, refusalOf } from './form.faults.js';
import { manyOf } from './form.text.js';
import { Done, type Notice } from './notices.js';
import { type Frame, Pages } from './pages.js';

const HOOKS_SHOWN = 100;
const PAGE = 25;

const idSchema = z.uuid();
const deliveryIdSchema = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const logSchema = z.object({ before: deliveryIdSchema.optional().catch(undefined) });
/** As the form sends it; what is wrong is said beside its fields. */
const typedSchema = z.object({
  url: z.string().trim().max(3_000).default(''),
  description: z.string().max(500).default(''),
  events: manyOf(z.string().max(50)),
});
const formSchema = newWebhookSchema.safeExtend({
  url: z
    .url({ protocol: /^https$/, error: 'Enter a whole address that begins with https://' })
    .max(2_000, 'The address must be 2,000 characters or less'),
  description: z.string().trim().max(200, 'The description must be 200 characters or less'),
  events: z
    .array(z.enum(Object.keys(WEBHOOK_EVENTS) as [keyof typeof WEBHOOK_EVENTS]))
    .min(1, 'Select what the program is to be told'),
});

/** Programs that are told what happens. Events are of the whole country, so somebody of one region manages none. */
@ConsoleController('settings/webhooks')
@RequirePermission('webhook:manage')
@WholeCountry()
export class SettingsWebhooksController {
  constructor(
    private readonly webhooks: Webhooks,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(@Done() notice: string | undefined, @PageFrame() frame: Frame): Promise<string> {
    return this.listPage(frame, { notice });
  }

  /** Answers with the page itself: the secret is shown this once and must not be in any address. */
  @Post()
  async add(
    @Body({ schema: typedSchema }) typed: z.infer<typeof typedSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const refuse = async (faults: FormFaults) => {
      sendFaults(response, await this.listPage(frame, { typed, faults }));
    };
    const parsed = formSchema.safeParse(typed);
    if (!parsed.success) return refuse(faultsOfZod(parsed.error));
    try {
      const { webhook, secret } = await this.webhooks.register(parsed.data, frame.principal);
      response
        .status(201)
        .type('html')
        .send(await inTwoTries(() => this.hookPage(webhook.id, frame, { secret })));
    } catch (error) {
      await refuse(refusalOfAddress(error));
    }
  }

  @Get(':id')
  @Page()
  async show(
    @Param('id', { schema: idSchema }) id: string,
    @Done() notice: string | undefined,
    @Query({ schema: logSchema }) { before }: z.infer<typeof logSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    return this.hookPage(id, frame, { notice, before });
  }

  @Post(':id/secret')
  async rotate(
    @Param('id', { schema: idSchema }) id: string,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const { secret } = await this.webhooks.rotateSecret(id, frame.principal);
    response.type('html').send(await inTwoTries(() => this.hookPage(id, frame, { secret })));
  }

  @Post(':id/remove')
  async remove(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.webhooks.remove(id, principal);
    response.redirect(303, '/settings/webhooks?done=webhook-removed');
  }

  @Post(':id/deliveries/:delivery/retry')
  async retry(
    @Param('id', { schema: idSchema }) id: string,
    @Param('delivery', { schema: deliveryIdSchema }) delivery: number,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    await this.attempt({ id, frame, response, done: 'webhook-retried' }, () =>
      this.webhooks.redeliver(id, delivery, frame.principal),
    );
  }

  @Post(':id/:action')
  async act(
    @Param('id', { schema: idSchema }) id: string,
    @Param('action', { schema: z.enum(['test', 'enable', 'disable']) }) action: 'test' | 'enable' | 'disable',
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    switch (action) {
      case 'test':
        return this.attempt({ id, frame, response, done: 'webhook-tested' }, () =>
          this.webhooks.sendTest(id, frame.principal),
        );
      case 'enable':
        return this.attempt({ id, frame, response, done: 'webhook-enabled' }, () =>
          this.webhooks.enable(id, frame.principal),
        );
      case 'disable':
        return this.attempt({ id, frame, response, done: 'webhook-disabled' }, () =>
          this.webhooks.disable(id, frame.principal),
        );
    }
  }

  private async attempt(
    { id, frame, response, done }: { id: string; frame: Frame; response: Response; done: Notice },
    work: () => Promise<unknown>,
  ): Promise<void> {
    const faults = await refusalOf(work);
    if (!faults) {
      response.redirect(303, `/settings/webhooks/${id}?done=${done}`);
      return;
    }
    sendFaults(response, await this.hookPage(id, frame, { faults }));
  }

  private async listPage(
    frame: Frame,
    also: { notice?: string | undefined; faults?: FormFaults; typed?: z.infer<typeof typedSchema> },
  ): Promise<string> {
    const values = {
      title: 'Webhooks',
      section: 'settings',
      faults: NO_FAULTS,
      webhooks: await this.webhooks.list(HOOKS_SHOWN),
      events: Object.entries(WEBHOOK_EVENTS).map(([value, text]) => ({ value, text, hint: { text: value } })),
      typed: { url: '', description: '', events: [] },
      ...also,
    };
    return this.pages.render('settings-webhooks', values, frame);
  }

  private async hookPage(
    id: string,
    frame: Frame,
    {
      before,
      ...also
    }: { before?: number | undefined; notice?: string | undefined; faults?: FormFaults; secret?: string },
  ): Promise<string> {
    const webhook = await this.webhooks.get(id);
    const rows = await this.webhooks.deliveries(id, { before, limit: PAGE + 1 });
    const deliveries = rows.slice(0, PAGE);
    const last = rows.length > PAGE ? deliveries.at(-1) : undefined;
    const values = {
      title: webhook.description || webhook.url,
      section: 'settings',
      webhook,
      deliveries,
      next: last && `/settings/webhooks/${id}?before=${last.id}`,
      ...also,
    };
    return this.pages.render('settings-webhook', values, frame);
  }
}

/** The service names the field of the API; the page has it beside its own. */
function refusalOfAddress(error: unknown): FormFaults {
  const { list } = refusal(error, 'url');
  const reason = list[0]?.text.replace(/^url: /, '') ?? '';
  return faultsOf([{ field: 'url', message: `This address cannot be used: ${reason}` }]);
}
