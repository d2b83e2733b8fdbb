import { Get, type MessageEvent, Param, Query, Sse } from '@nestjs/common';
import { type Observable } from 'rxjs';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { CAMPAIGN_STATES, CampaignService, type CampaignState } from '../campaigns/index.js';
import { Ledger, MESSAGE_STATES, type MessageState } from '../delivery/index.js';
import { CampaignView } from './campaign.view.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { DirectoryReads } from './directory.reads.js';
import { LiveParts } from './live.parts.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';
import { type RegionCount, RegionCounts } from './region.counts.js';

const PAGE = 50;
const NOTHING_SENT: Pick<RegionCount, 'rows'> = { rows: [] };

const listSchema = z.object({
  state: z.enum(CAMPAIGN_STATES).optional().catch(undefined),
  before: z.iso.datetime().optional().catch(undefined),
  id: z.uuid().optional().catch(undefined),
});
const messagesSchema = z.object({
  state: z.enum(MESSAGE_STATES).optional().catch(undefined),
  after: z.uuid().optional().catch(undefined),
});
const idSchema = z.uuid();
/** The state whose buttons the page around the live part shows. */
const shownSchema = z.object({ shown: z.string().max(20).optional() });

/** Campaigns: the list, the page of one, and how far its sending has come. */
@ConsoleController('campaigns')
@RequirePermission('campaign:read')
export class CampaignsController {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly view: CampaignView,
    private readonly ledger: Ledger,
    private readonly regionCounts: RegionCounts,
    private readonly directory: DirectoryReads,
    private readonly liveParts: LiveParts,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(
    @Query({ schema: listSchema }) { state, before, id }: z.infer<typeof listSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const rows = await this.campaigns.list({
      limit: PAGE + 1,
      ...(frame.principal.region && { region: frame.principal.region }),
      ...(state && { states: [state] }),
      ...(before !== undefined && id !== undefined && { before: { createdAt: new Date(before), id } }),
    });
    const campaigns = await Promise.all(
      rows.slice(0, PAGE).map(async (campaign) => ({
        ...campaign,
        progress: await this.ledger.progress({ campaignId: campaign.id }),
      })),
    );
    const last = rows.length > PAGE ? campaigns.at(-1) : undefined;
    const values = { title: 'Campaigns', section: 'campaigns', campaigns, state, states: CAMPAIGN_STATES };
    return this.pages.render('campaigns', { ...values, next: last && nextPage(last, state) }, frame);
  }

  @Get(':id')
  @Page()
  async show(
    @Param('id', { schema: idSchema }) id: string,
    @Done() notice: string | undefined,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const view = await this.view.of(id, frame.principal);
    const values = { title: view.campaign.name, section: 'campaigns', notice, ...view };
    return this.pages.render('campaign', values, frame);
  }

  /** The live part of the page, again and again while the campaign is being sent. */
  @Sse(':id/live')
  live(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: shownSchema }) { shown }: z.infer<typeof shownSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Observable<MessageEvent> {
    return this.liveParts.of(() => this.livePart(id, shown, principal));
  }

  @Get(':id/regions')
  @Page()
  async regions(@Param('id', { schema: idSchema }) id: string, @PageFrame() frame: Frame): Promise<string> {
    const campaign = await this.campaigns.visible(id, frame.principal);
    const { approved_plan_id: planId } = campaign;
    const { states: standing } = await this.ledger.progress({ campaignId: id });
    const count = planId === null ? NOTHING_SENT : await this.regionCounts.of(id, planId, JSON.stringify(standing));
    const rows = count?.rows ?? [];
    const names = await this.directory.names(rows.flatMap(({ region }) => region ?? []));
    const states = MESSAGE_STATES.filter((state) => rows.some((row) => row.state === state));
    const codes = [...new Set(rows.map(({ region }) => region))];
    const regions = codes
      .map((code) => ({
        name: code === null ? 'Region not known' : (names.get(code) ?? code),
        counts: states.map((state) => rows.find((row) => row.region === code && row.state === state)?.messages ?? 0),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const values = { title: `${campaign.name}: by region`, section: 'campaigns', campaign, regions, states, count };
    return this.pages.render('campaign-regions', values, frame);
  }

  @Get(':id/messages')
  @RequirePermission('message:read')
  @Page()
  async messages(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: messagesSchema }) { state, after }: z.infer<typeof messagesSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const campaign = await this.campaigns.visible(id, frame.principal);
    const rows = await this.ledger.messages({
      campaignId: id,
      limit: PAGE + 1,
      ...(state && { states: [state] }),
      ...(after !== undefined && { after }),
    });
    const messages = rows.slice(0, PAGE);
    const last = rows.length > PAGE ? messages.at(-1) : undefined;
    const values = { title: `${campaign.name}: messages`, section: 'campaigns', campaign, messages, state };
    const next = last && messagesPage(id, last.id, state);
    return this.pages.render('campaign-messages', { ...values, states: MESSAGE_STATES, next }, frame);
  }

  private async livePart(
    id: string,
    shown: string | undefined,
    principal: Principal,
  ): Promise<{ html: string; over: boolean }> {
    const campaign = await this.campaigns.visible(id, principal);
    const values = { ...(await this.view.live(campaign)), shown };
    const html = this.pages.render('campaign-live', values, { principal, csrf: '' });
    return { html, over: !['scheduled', 'sending'].includes(campaign.state) };
  }
}

function nextPage(last: { id: string; created_at: Date }, state: CampaignState | undefined): string {
  const query = new URLSearchParams({ before: last.created_at.toISOString(), id: last.id, ...(state && { state }) });
  return `/campaigns?${query.toString()}`;
}

function messagesPage(campaignId: string, after: string, state: MessageState | undefined): string {
  return `/campaigns/${campaignId}/messages?${new URLSearchParams({ after, ...(state && { state }) }).toString()}`;
}
