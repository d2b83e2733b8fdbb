import { Body, Get, Param, Post, Query, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import {
  type ApiKey,
  ApiKeys,
  type CreatedApiKey,
  CurrentPrincipal,
  type Permission,
  PERMISSIONS,
  type Principal,
  RequirePermission,
} from '../access/index.js';
import { inTwoTries } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { faultsOfZod, type FormFaults, NO_FAULTS, refusal } from './form.faults.js';
import { manyOf } from './form.text.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';

const PAGE = 25;
const NAMES = Object.keys(PERMISSIONS) as [Permission, ...Permission[]];

const idSchema = z.uuid();
const listSchema = z.object({ before: z.uuid().optional().catch(undefined) });
/** As the form sends it; what is wrong is said beside its fields. */
const typedSchema = z.object({
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

/** The keys with which programs call the API. */
@ConsoleController('settings/keys')
@RequirePermission('key:manage')
export class SettingsKeysController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly clock: Clock,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(
    @Done() notice: string | undefined,
    @Query({ schema: listSchema }) { before }: z.infer<typeof listSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    return this.page(frame, { notice, before });
  }

  /** Answers with the page itself: the key is shown this once and must not be in any address. */
  @Post()
  async create(
    @Body({ schema: typedSchema }) typed: z.infer<typeof typedSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const answer = async (status: number, also: Parameters<typeof this.page>[1]): Promise<void> => {
      response
        .status(status)
        .type('html')
        .send(await inTwoTries(() => this.page(frame, also)));
    };
    const parsed = newKeySchema.safeParse(typed);
    if (!parsed.success) return answer(422, { typed, faults: faultsOfZod(parsed.error) });
    const { name, permissions, days } = parsed.data;
    try {
      const region = frame.principal.region && { region: frame.principal.region };
      const created = await this.keys.create({ name, permissions, expiresInDays: days, ...region }, frame.principal);
      await answer(201, { created });
      return;
    } catch (error) {
      return answer(422, { typed, faults: refusal(error, 'permissions') });
    }
  }

  @Post(':id/revoke')
  async revoke(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.keys.revoke(id, principal);
    response.redirect(303, '/settings/keys?done=key-revoked');
  }

  private async page(
    frame: Frame,
    {
      before,
      ...also
    }: {
      before?: string | undefined;
      notice?: string | undefined;
      created?: CreatedApiKey;
      typed?: z.infer<typeof typedSchema>;
      faults?: FormFaults;
    },
  ): Promise<string> {
    const rows = await this.keys.list(frame.principal, before, PAGE);
    const values = {
      title: 'API keys',
      section: 'settings',
      faults: NO_FAULTS,
      keys: rows.slice(0, PAGE).map((key) => ({ ...key, state: this.stateOf(key) })),
      next: rows.length > PAGE ? `/settings/keys?before=${rows[PAGE - 1]?.id ?? ''}` : undefined,
      permissionWords: PERMISSIONS,
      permissions: frame.principal.permissions.map((permission) => ({
        value: permission,
        text: PERMISSIONS[permission],
      })),
      typed: { name: '', permissions: [], days: '90' },
      ...also,
    };
    return this.pages.render('keys', values, frame);
  }

  private stateOf({ revokedAt, expiresAt }: ApiKey): 'revoked' | 'expired' | 'valid' {
    if (revokedAt !== undefined) return 'revoked';
    return new Date(expiresAt) <= this.clock.now() ? 'expired' : 'valid';
  }
}
