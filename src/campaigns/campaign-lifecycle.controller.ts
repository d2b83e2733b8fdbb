import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { ApiProblems, Idempotent } from '../platform/api/index.js';
import {
  approvalSchema,
  campaignIdSchema,
  campaignSchema,
  campaignView,
  type CampaignView,
  cancelSchema,
  sendBackSchema,
} from './campaign.api.js';
import { CampaignService } from './campaign.service.js';

/** The transitions of a campaign's life. Each is refused with 409 from a state that does not allow it. */
@ApiTags('Campaigns')
@ApiBearerAuth()
@ApiOkResponse({ standardSchema: campaignSchema, description: 'The campaign in its new state' })
@Controller('api/v1/campaigns/:id')
export class CampaignLifecycleController {
  constructor(private readonly campaigns: CampaignService) {}

  @Post('submit')
  @HttpCode(200)
  @RequirePermission('campaign:write')
  @Idempotent()
  @ApiOperation({ summary: 'Hand the planned draft over for review' })
  @ApiProblems(400, 404, 409)
  async submit(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    return campaignView(await this.campaigns.submit(id, principal));
  }

  @Post('approve')
  @HttpCode(200)
  @RequirePermission('campaign:approve')
  @Idempotent()
  @ApiOperation({
    summary: 'Approve exactly the plan of this hash',
    description: 'By somebody other than the author. One changed recipient, template or date is another hash.',
  })
  @ApiProblems(400, 404, 409, 413, 415)
  async approve(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @Body({ schema: approvalSchema }) { hash }: z.infer<typeof approvalSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    return campaignView(await this.campaigns.approve(id, hash, principal));
  }

  @Post('send-back')
  @HttpCode(200)
  @RequirePermission('campaign:approve')
  @Idempotent()
  @ApiOperation({ summary: 'Send a campaign in review back to its author' })
  @ApiProblems(400, 404, 409, 413, 415)
  async sendBack(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @Body({ schema: sendBackSchema }) { comment }: z.infer<typeof sendBackSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    return campaignView(await this.campaigns.sendBack(id, comment, principal));
  }

  @Post('schedule')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Let the clock take over: each step goes out at its time' })
  @ApiProblems(400, 404, 409)
  async schedule(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    return campaignView(await this.campaigns.schedule(id, principal));
  }

  @Post('release')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Let a held-back campaign go' })
  @ApiProblems(400, 404, 409)
  async release(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    return campaignView(await this.campaigns.release(id, principal));
  }

  @Post('pause')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Stop for now; the few messages on the wire still leave' })
  @ApiProblems(400, 404, 409)
  async pause(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    return campaignView(await this.campaigns.pause(id, principal));
  }

  @Post('resume')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Go on; nobody gets a message twice' })
  @ApiProblems(400, 404, 409)
  async resume(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    return campaignView(await this.campaigns.resume(id, principal));
  }

  @Post('cancel')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Stop for good; what has left has left' })
  @ApiProblems(400, 404, 409, 413, 415)
  async cancel(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @Body({ schema: cancelSchema }) { reason }: z.infer<typeof cancelSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignView> {
    await this.campaigns.visible(id, principal);
    return campaignView(await this.campaigns.cancel(id, reason, principal));
  }
}
