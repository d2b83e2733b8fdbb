import { Body, Controller, Get, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { ApiProblems, Idempotent, IfMatch, type Page, pageOf, setEtag, wireForm } from '../platform/http/index.js';
import {
  campaignIdSchema,
  campaignPageSchema,
  campaignQuerySchema,
  campaignSchema,
  campaignView,
  type CampaignView,
} from './campaign.api.js';
import { type CampaignClone, campaignCloneSchema, campaignInputSchema } from './campaign.schema.js';
import { CampaignService } from './campaign.service.js';
import { type CampaignRow } from './campaign.repository.js';

/** Drafting campaigns, and reading them. */
@ApiTags('Campaigns')
@ApiBearerAuth()
@Controller('api/v1/campaigns')
export class CampaignController {
  constructor(private readonly campaigns: CampaignService) {}

  @Get()
  @RequirePermission('campaign:read')
  @ApiOperation({ summary: 'List campaigns' })
  @ApiOkResponse({ standardSchema: campaignPageSchema, description: 'Newest first' })
  @ApiProblems(400)
  async list(
    @Query({ schema: campaignQuerySchema }) query: z.infer<typeof campaignQuerySchema>,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<Page<CampaignView>> {
    const { limit, cursor, windowId, state } = query;
    const rows = await this.campaigns.list({
      limit: limit + 1,
      ...(windowId !== undefined && { windowId }),
      ...(state !== undefined && { states: [state] }),
      ...(region !== undefined && { region }),
      ...(cursor && { before: { createdAt: new Date(cursor[0]), id: cursor[1] } }),
    });
    return pageOf(rows.map(campaignView), limit, ({ createdAt, id }) => [createdAt, id]);
  }

  @Post()
  @RequirePermission('campaign:write')
  @Idempotent()
  @ApiOperation({ summary: 'Draft a campaign' })
  @ApiCreatedResponse({ standardSchema: campaignSchema, description: 'The draft; also sets ETag and Location' })
  @ApiProblems(400, 404, 409, 413, 415)
  async create(
    @Body({ schema: campaignInputSchema }) input: z.infer<typeof campaignInputSchema>,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CampaignView> {
    return created(await this.campaigns.create(wireForm(campaignInputSchema, input), principal), response);
  }

  @Get(':id')
  @RequirePermission('campaign:read')
  @ApiOperation({ summary: 'Read a campaign' })
  @ApiOkResponse({ standardSchema: campaignSchema, description: 'Also sets ETag' })
  @ApiProblems(400, 404)
  async get(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CampaignView> {
    const campaign = await this.campaigns.visible(id, principal);
    setEtag(response, campaign.version);
    return campaignView(campaign);
  }

  @Put(':id')
  @RequirePermission('campaign:write')
  @ApiOperation({
    summary: 'Edit a campaign',
    description: 'Voids the approval and returns the campaign to draft. Not possible once it has started to send.',
  })
  @ApiOkResponse({ standardSchema: campaignSchema, description: 'The draft; also sets ETag' })
  @ApiProblems(400, 404, 409, 412, 413, 415, 428)
  async edit(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @IfMatch() version: number,
    @Body({ schema: campaignInputSchema }) input: z.infer<typeof campaignInputSchema>,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    const campaign = await this.campaigns.edit(id, version, wireForm(campaignInputSchema, input), principal);
    setEtag(response, campaign.version);
    return campaignView(campaign);
  }

  @Post(':id/clone')
  @RequirePermission('campaign:write')
  @Idempotent()
  @ApiOperation({ summary: 'Draft the same campaign for another window, with its launch moved along' })
  @ApiCreatedResponse({ standardSchema: campaignSchema, description: 'The new draft; also sets ETag and Location' })
  @ApiProblems(400, 404, 409, 413, 415)
  async clone(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @Body({ schema: campaignCloneSchema }) wanted: CampaignClone,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CampaignView> {
    return created(await this.campaigns.clone(id, wanted, principal), response);
  }

  @Post(':id/remainder')
  @RequirePermission('campaign:write')
  @Idempotent()
  @ApiOperation({
    summary: 'Draft the same campaign for whoever it did not reach',
    description:
      'Of a campaign that is finished or cancelled, until its window says that it is too late. Its plan leaves out everybody who has had the message, or may have.',
  })
  @ApiCreatedResponse({ standardSchema: campaignSchema, description: 'The new draft; also sets ETag and Location' })
  @ApiProblems(400, 404, 409)
  async remainder(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CampaignView> {
    return created(await this.campaigns.remainder(id, principal), response);
  }
}

function created(campaign: CampaignRow, response: Response): CampaignView {
  setEtag(response, campaign.version);
  response.setHeader('Location', `/api/v1/campaigns/${campaign.id}`);
  return campaignView(campaign);
}
