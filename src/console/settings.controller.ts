import { Body, Get, Param, Post, Query, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import {
  ApiKeys,
  AuditTrail,
  type CreatedApiKey,
  CsrfToken,
  CurrentPrincipal,
  type Permission,
  PERMISSIONS,
  type Principal,
  RequirePermission,
  SignedIn,
} from '../access/index.js';
import { actorWords } from './campaign.view.js';
import { ConsoleController, Page } from './console-routes.js';
import { faultsOfZod, type FormFaults, NO_FAULTS, refusal } from './form.faults.js';
import { manyOf } from './form.text.js';
import { noticeOf, noticeSchema } from './notices.js';
import { type Frame, Pages } from './pages.js';
import { SendingReads } from './sending.reads.js';

const PAGE = 50;
const KEYS_SHOWN = 200;
const NAMES = Object.keys(PERMISSIONS) as [Permission, ...Permission[]];

const idSchema = z.uuid();
const auditSchema = z.object({
  before: z.coerce.number().int().positive().optional().catch(undefined),
  subject: z.string().trim().max(200).catch('').default(''),
  verify: z.literal('yes').optional().catch(undefined),
});
/** As the form sends it; what is wrong is said beside its fields. */
const typedKeySchema = z.object({
  name: z.string().max(200).default(''),
  permissions: manyOf(z.string().max(50)),
  days: z.string().max(10).default(''),
});
const newKeySchema = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'Enter the name of the program that holds the key')
    .max(100, 'The name must be 100 characters or less'),
  permissions: z.array(z.enum(NAMES)).min(1, 'Select what the key may do'),
  days: z.coerce
    .number('Enter a number of days')
    .int('Enter a whole number of days')
    .min(1, 'The key must hold for at least 1 day')
    .max(366, 'The key must hold for 366 days or less'),
});

/** Who may do what, the keys of programs, and the audit trail. */
@ConsoleController('settings')
export class SettingsController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly audit: AuditTrail,
    private readonly sending: SendingReads,
    private readonly pages: Pages,
  ) {}

  @Get()
  @SignedIn()
  @Page()
  overview(@CurrentPrincipal() principal: Principal, @CsrfToken() csrf: string): string {
    const permissions = principal.permissions.map((permission) => PERMISSIONS[permission]);
    return this.pages.render('settings', { title: 'Settings', section: 'settings', permissions }, { principal, csrf });
  }

  @Get('people')
  @RequirePermission('person:manage')
  @Page()
  async people(@CurrentPrincipal() principal: Principal, @CsrfToken() csrf: string): Promise<string> {
    const people = await this.sending.people(principal.region, KEYS_SHOWN);
    return this.pages.render(
      'settings-people',
      { title: 'People and roles', section: 'settings', people },
      { principal, csrf },
    );
  }

  @Get('keys')
  @RequirePermission('key:manage')
  @Page()
  async listKeys(
    @Query({ schema: noticeSchema }) { done }: z.infer<typeof noticeSchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
  ): Promise<string> {
    return this.keysPage({ principal, csrf }, { notice: noticeOf(done) });
  }

  /** Answers with the page itself: the key is shown this once and must not be in any address. */
  @Post('keys')
  @RequirePermission('key:manage')
  async createKey(
    @Body({ schema: typedKeySchema }) typed: z.infer<typeof typedKeySchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const frame = { principal, csrf };
    const parsed = newKeySchema.safeParse(typed);
    if (!parsed.success) {
      const page = await this.keysPage(frame, { typed, faults: faultsOfZod(parsed.error) });
      response.status(422).type('html').send(page);
      return;
    }
    const { name, permissions, days } = parsed.data;
    try {
      const region = principal.region && { region: principal.region };
      const created = await this.keys.create({ name, permissions, expiresInDays: days, ...region }, principal);
      response
        .status(201)
        .type('html')
        .send(await this.keysPage(frame, { created }));
    } catch (error) {
      const page = await this.keysPage(frame, { typed, faults: refusal(error, 'permissions') });
      response.status(422).type('html').send(page);
    }
  }

  @Post('keys/:id/revoke')
  @RequirePermission('key:manage')
  async revokeKey(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.keys.revoke(id, principal);
    response.redirect(303, '/settings/keys?done=key-revoked');
  }

  @Get('audit')
  @RequirePermission('audit:read')
  @Page()
  async trail(
    @Query({ schema: auditSchema }) { before, subject, verify }: z.infer<typeof auditSchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
  ): Promise<string> {
    const filter = { ...(subject !== '' && { subject }), ...(before !== undefined && { before }) };
    const rows = await this.audit.entries({ ...filter, limit: PAGE + 1 });
    const entries = rows.slice(0, PAGE);
    const names = await this.sending.actorNames(entries.map(({ actor }) => actor));
    const last = rows.length > PAGE ? entries.at(-1) : undefined;
    const values = {
      title: 'Audit trail',
      section: 'settings',
      subject,
      verdict: verify && (await this.audit.verify()),
      entries: entries.map((entry) => ({
        ...entry,
        who: names.get(entry.actor) ?? actorWords(entry.actor),
        details: Object.entries(entry.details).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      })),
      next: last && `/settings/audit?${new URLSearchParams({ before: String(last.sequence), subject }).toString()}`,
    };
    return this.pages.render('audit', values, { principal, csrf });
  }

  private async keysPage(
    frame: Frame,
    also: {
      notice?: string | undefined;
      created?: CreatedApiKey;
      typed?: z.infer<typeof typedKeySchema>;
      faults?: FormFaults;
    },
  ): Promise<string> {
    const values = {
      title: 'API keys',
      section: 'settings',
      faults: NO_FAULTS,
      keys: await this.keys.list(frame.principal, undefined, KEYS_SHOWN),
      permissions: frame.principal.permissions.map((permission) => ({
        value: permission,
        text: PERMISSIONS[permission],
      })),
      typed: { name: '', permissions: [], days: '90' },
      ...also,
    };
    return this.pages.render('keys', values, frame);
  }
}
