import { Body, Controller, Get, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { DirectoryService } from '../directory/index.js';
import { ApiProblems, Idempotent, IfMatch, setEtag } from '../platform/api/index.js';
import { HttpProblem, type Page, pageOf, STALE_VERSION, wireForm } from '../platform/http/index.js';
import { ConflictError } from '../shared/errors.js';
import { type OrganisationBlockers } from './declaration.repository.js';
import { type DeclarationWindow, moveCutoffSchema, windowInputSchema } from './declaration-window.rules.js';
import { DeadlinesService } from './deadlines.service.js';
import { type ReminderPolicy, reminderPolicySchema } from './reminder-ladder.rules.js';
import {
  blockerPageSchema,
  blockerQuerySchema,
  historySchema,
  historyView,
  type HistoryView,
  ladderSchema,
  ladderView,
  type LadderView,
  windowDetail,
  type WindowDetail,
  windowDetailSchema,
  windowIdSchema,
  windowPageSchema,
  windowQuerySchema,
  windowView,
  type WindowView,
} from './window.api.js';
import { WindowFollower } from './window-follower.js';

/** Declaration windows: dates that people are told, and who still holds a payment up. */
@ApiTags('Declaration windows')
@ApiBearerAuth()
@RequirePermission('window:read')
@Controller('api/v1/declaration-windows')
export class WindowController {
  constructor(
    private readonly deadlines: DeadlinesService,
    private readonly follower: WindowFollower,
    private readonly directory: DirectoryService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List declaration windows' })
  @ApiOkResponse({
    standardSchema: windowPageSchema,
    description: 'The newest cutoff first; of the open ones, the nearest',
  })
  @ApiProblems(400)
  async list(
    @Query({ schema: windowQuerySchema }) { limit, cursor, open }: z.infer<typeof windowQuerySchema>,
  ): Promise<Page<WindowView>> {
    // Windows are counted in tens: a page is a stretch of all of them.
    const windows = open === true ? await this.deadlines.openWindows() : await this.deadlines.windows();
    const start = windows.findIndex(({ id }) => id === cursor) + 1;
    return pageOf(windows.slice(start, start + limit + 1).map(windowView), limit, ({ id }) => id);
  }

  @Post()
  @RequirePermission('window:write')
  @WholeCountry()
  @Idempotent()
  @ApiOperation({ summary: 'Create a declaration window' })
  @ApiCreatedResponse({ standardSchema: windowDetailSchema, description: 'Also sets ETag and Location' })
  @ApiProblems(400, 409, 413, 415)
  async create(
    @Body({ schema: windowInputSchema }) input: z.infer<typeof windowInputSchema>,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<WindowDetail> {
    const window = await this.deadlines.createWindow(wireForm(windowInputSchema, input), principal.id);
    response.setHeader('Location', `/api/v1/declaration-windows/${window.id}`);
    return this.detail(window, response);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a declaration window' })
  @ApiOkResponse({ standardSchema: windowDetailSchema, description: 'Also sets ETag' })
  @ApiProblems(400, 404)
  async get(
    @Param('id', { schema: windowIdSchema }) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<WindowDetail> {
    return this.detail(await this.deadlines.window(id), response);
  }

  @Put(':id/times')
  @WholeCountry()
  @RequirePermission('window:write')
  @ApiOperation({
    summary: 'Move the cutoff',
    description: 'All times are given again, so that none is left behind by accident. Reminders start afresh.',
  })
  @ApiOkResponse({ standardSchema: windowDetailSchema, description: 'The window with its new times; also sets ETag' })
  @ApiProblems(400, 404, 409, 412, 413, 415, 428)
  async move(
    @Param('id', { schema: windowIdSchema }) id: string,
    @IfMatch() version: number,
    @Body({ schema: moveCutoffSchema }) input: z.infer<typeof moveCutoffSchema>,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<WindowDetail> {
    const { after } = await atVersion(
      this.deadlines.moveCutoff(id, wireForm(moveCutoffSchema, input), version, principal.id),
    );
    await this.follower.windowMoved(id);
    return this.detail(after, response);
  }

  @Put(':id/reminder-policy')
  @RequirePermission('window:write')
  @WholeCountry()
  @ApiOperation({ summary: 'Set when to remind before the cutoff' })
  @ApiOkResponse({ standardSchema: windowDetailSchema, description: 'The window with its policy; also sets ETag' })
  @ApiProblems(400, 404, 409, 412, 413, 415, 428)
  async setReminderPolicy(
    @Param('id', { schema: windowIdSchema }) id: string,
    @IfMatch() version: number,
    @Body({ schema: reminderPolicySchema }) policy: ReminderPolicy,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<WindowDetail> {
    const after = await atVersion(this.deadlines.setReminderPolicy(id, policy, version, principal.id));
    await this.follower.windowMoved(id);
    return this.detail(after, response);
  }

  @Get(':id/ladder')
  @ApiOperation({ summary: 'See when reminders leave, and which steps are left out' })
  @ApiOkResponse({ standardSchema: ladderSchema })
  @ApiProblems(400, 404)
  async ladder(@Param('id', { schema: windowIdSchema }) id: string): Promise<LadderView> {
    return ladderView(this.deadlines.ladder(await this.deadlines.window(id)));
  }

  @Get(':id/history')
  @ApiOperation({ summary: 'See every change of the window' })
  @ApiOkResponse({ standardSchema: historySchema, description: 'Oldest first' })
  @ApiProblems(400, 404)
  async history(@Param('id', { schema: windowIdSchema }) id: string): Promise<HistoryView> {
    return historyView(await this.deadlines.history(id));
  }

  @Get(':id/blockers')
  @ApiOperation({ summary: 'List the practices whose payment somebody holds up' })
  @ApiOkResponse({ standardSchema: blockerPageSchema, description: 'In code order' })
  @ApiProblems(400, 404)
  async blockers(
    @Param('id', { schema: windowIdSchema }) id: string,
    @Query({ schema: blockerQuerySchema }) query: z.infer<typeof blockerQuerySchema>,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<Page<OrganisationBlockers>> {
    const { limit, cursor = '', blockedBy } = query;
    let rows = await this.deadlines.blockers(id);
    if (blockedBy !== undefined) rows = rows.filter((row) => row.blockedBy === blockedBy);
    if (region !== undefined) {
      const regions = await this.directory.regionsOf(rows.map(({ organisationCode }) => organisationCode));
      rows = rows.filter(({ organisationCode }) => regions.get(organisationCode) === region);
    }
    rows = rows.filter(({ organisationCode }) => organisationCode > cursor);
    return pageOf(rows.slice(0, limit + 1), limit, ({ organisationCode }) => organisationCode);
  }

  private detail(window: DeclarationWindow, response: Response): WindowDetail {
    setEtag(response, window.version);
    return windowDetail(window, this.deadlines.notices(window));
  }
}

/** A window that has changed since is, over HTTP, a failed precondition and no conflict. */
async function atVersion<T>(change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof ConflictError && error.code === 'window-changed') {
      throw new HttpProblem(412, STALE_VERSION, error.message, { cause: error });
    }
    throw error;
  }
}
