import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import {
  type ApiMessage,
  apiMessage,
  Ledger,
  messagePageSchema,
  messageQuerySchema,
  type Progress,
  progressSchema,
} from '../delivery/index.js';
import { ApiProblems } from '../platform/api/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import { campaignIdSchema, stepSchema, stepView } from './campaign.api.js';
import { KINDS } from './campaign.kinds.js';
import { CampaignService } from './campaign.service.js';
import { CAMPAIGN_STATES, type CampaignState } from './campaign.states.js';

const campaignProgressSchema = z
  .object({
    state: z.enum(CAMPAIGN_STATES),
    messages: progressSchema,
    steps: z.array(stepSchema).describe('When the campaign acts; empty until it is scheduled'),
  })
  .meta({
    id: 'CampaignProgress',
    examples: [
      {
        state: 'finished',
        messages: {
          states: {
            planned: 0,
            queued: 0,
            sending: 0,
            accepted: 140,
            deferred: 0,
            failed: 0,
            unknown: 0,
            expired: 0,
            suppressed: 0,
            cancelled: 6,
            bounced: 0,
            complained: 0,
          },
          planned: 146,
          terminal: 146,
        },
        steps: [
          {
            id: 'launch',
            label: KINDS['cascade-request'].title,
            dueAt: '2026-09-07T08:00:00.000Z',
            expiresAt: '2026-09-18T11:00:00.000Z',
            state: 'dispatched',
            note: '146 messages',
            handledAt: '2026-09-07T08:00:00.000Z',
          },
        ],
      },
    ],
  });

interface CampaignProgress {
  readonly state: CampaignState;
  readonly messages: Progress;
  readonly steps: z.infer<typeof stepSchema>[];
}

/** How far a campaign has come, counted from the rows at the time of asking. */
@ApiTags('Campaigns')
@ApiBearerAuth()
@Controller('api/v1/campaigns/:id')
export class CampaignProgressController {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly ledger: Ledger,
  ) {}

  @Get('progress')
  @RequirePermission('campaign:read')
  @ApiOperation({ summary: 'See how far a campaign has come' })
  @ApiOkResponse({ standardSchema: campaignProgressSchema })
  @ApiProblems(400, 404)
  async progress(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CampaignProgress> {
    const { state } = await this.campaigns.visible(id, principal);
    const [messages, steps] = await Promise.all([this.ledger.progress({ campaignId: id }), this.campaigns.steps(id)]);
    return { state, messages, steps: steps.map(stepView) };
  }

  @Get('messages')
  @RequirePermission('message:read')
  @ApiOperation({ summary: "List a campaign's messages" })
  @ApiOkResponse({ standardSchema: messagePageSchema, description: 'In the order in which they were planned' })
  @ApiProblems(400, 404)
  async messages(
    @Param('id', { schema: campaignIdSchema }) id: string,
    @Query({ schema: messageQuerySchema }) { limit, cursor, state }: z.infer<typeof messageQuerySchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<ApiMessage>> {
    await this.campaigns.visible(id, principal);
    const rows = await this.ledger.messages({
      campaignId: id,
      limit: limit + 1,
      ...(cursor !== undefined && { after: cursor }),
      ...(state !== undefined && { states: [state] }),
    });
    return pageOf(rows.map(apiMessage), limit, ({ id: last }) => last);
  }
}
