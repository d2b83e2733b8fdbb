import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { ApiProblems, Idempotent } from '../platform/api/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import { NotFoundError } from '../shared/errors.js';
import { campaignIdSchema } from './campaign.api.js';
import { CampaignService } from './campaign.service.js';
import {
  planSchema,
  planView,
  type PlanView,
  recipientPageSchema,
  recipientQuerySchema,
  recipientView,
  type RecipientView,
} from './plan.api.js';
import { type Plan, PlanService } from './plan.service.js';

type RecipientQuery = z.infer<typeof recipientQuerySchema>;

/** What a campaign would do: who gets what, when and by which route, and who gets nothing and why. */
@ApiTags('Campaigns')
@ApiBearerAuth()
@Controller('api/v1/campaigns/:id/plan')
export class PlanController {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly plans: PlanService,
  ) {}

  @Post()
  @HttpCode(200)
  @RequirePermission('campaign:write')
  @Idempotent()
  @ApiOperation({ summary: 'Work the campaign out against the directory as it is now' })
  @ApiOkResponse({ standardSchema: planSchema, description: 'The new plan, with what changed since the one before' })
  @ApiProblems(400, 404, 409)
  async make(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<PlanView> {
    await this.campaigns.visible(id, principal);
    return planView(await this.campaigns.plan(id));
  }

  @Get()
  @RequirePermission('campaign:read')
  @ApiOperation({ summary: 'Read the newest plan' })
  @ApiOkResponse({ standardSchema: planSchema })
  @ApiProblems(400, 404)
  async latest(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<PlanView> {
    return planView(await this.require(id, principal));
  }

  @Get('recipients')
  @RequirePermission('campaign:read')
  @ApiOperation({ summary: 'List who gets an email by the newest plan' })
  @ApiOkResponse({ standardSchema: recipientPageSchema, description: 'In the order of person and topic' })
  @ApiProblems(400, 404)
  async recipients(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @Query({ schema: recipientQuerySchema }) query: RecipientQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<RecipientView>> {
    return this.page(id, 'recipients', query, principal);
  }

  @Get('exclusions')
  @RequirePermission('campaign:read')
  @ApiOperation({ summary: 'List who gets no email by the newest plan, and why' })
  @ApiOkResponse({ standardSchema: recipientPageSchema, description: 'In the order of person and topic' })
  @ApiProblems(400, 404)
  async exclusions(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @Query({ schema: recipientQuerySchema }) query: RecipientQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<RecipientView>> {
    return this.page(id, 'exclusions', query, principal);
  }

  private async page(
    id: string,
    which: 'recipients' | 'exclusions',
    { limit, cursor }: RecipientQuery,
    principal: Principal,
  ): Promise<Page<RecipientView>> {
    const plan = await this.require(id, principal);
    const rows = await this.plans.lines(plan.id, which, limit + 1, cursor);
    const withAddress = principal.permissions.includes('message:read');
    return pageOf(
      rows.map((row) => recipientView(row, withAddress)),
      limit,
      ({ personKey, topic }) => [personKey, topic],
    );
  }

  private async require(id: string, principal: Principal): Promise<Plan> {
    const plan = await this.plans.latest(await this.campaigns.visible(id, principal));
    if (plan) return plan;
    throw new NotFoundError('no-plan', `Campaign ${id} has no plan yet, or was edited since the last one`);
  }
}
