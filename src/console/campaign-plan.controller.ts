import { Body, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { type CampaignRow, CampaignService, type Plan, PlanService } from '../campaigns/index.js';
import { NotFoundError } from '../shared/errors.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { DirectoryReads } from './directory.reads.js';
import { sendEmail } from './email.frame.js';
import { EmailPreviews } from './email.previews.js';
import { faultsOf, type FormFaults, refusalOf } from './form.faults.js';
import { searchText } from './form.text.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';
import { PlanReads } from './plan.reads.js';
import { TestSend } from './test-send.service.js';

const PEOPLE_SHOWN = 50;

const idSchema = z.uuid();
const findSchema = z.object({ find: searchText });
const emailSchema = z.object({ person: z.string().min(1).max(200), topic: z.string().max(50).default('') });
const testSchema = emailSchema.extend({ address: z.string().max(320).default('') });

/** Who would get what: the people of the newest plan, and the emails as they would see them. */
@ConsoleController('campaigns/:id')
@RequirePermission('campaign:read')
export class CampaignPlanController {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly plans: PlanService,
    private readonly people: PlanReads,
    private readonly directory: DirectoryReads,
    private readonly previews: EmailPreviews,
    private readonly tests: TestSend,
    private readonly pages: Pages,
  ) {}

  @Get('people')
  @RequirePermission('message:read')
  @Page()
  async find(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: findSchema }) { find }: z.infer<typeof findSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const { campaign, plan } = await this.planned(id, frame.principal);
    const accountIds = find === '' ? undefined : await this.directory.accountIds(find, PEOPLE_SHOWN + 1);
    const people = await this.people.find(plan.id, accountIds, PEOPLE_SHOWN + 1);
    const more = people.length > PEOPLE_SHOWN || (accountIds ?? []).length > PEOPLE_SHOWN;
    const values = { title: 'People in the plan', section: 'campaigns', campaign, plan, find };
    return this.pages.render('campaign-people', { ...values, people: people.slice(0, PEOPLE_SHOWN), more }, frame);
  }

  @Get('preview')
  @RequirePermission('message:read')
  @Page()
  async preview(
    @Param('id', { schema: idSchema }) id: string,
    @Done() notice: string | undefined,
    @Query({ schema: emailSchema }) { person, topic }: z.infer<typeof emailSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const { campaign, plan } = await this.planned(id, frame.principal);
    return this.previewPage(campaign, plan, { person, topic }, frame, { notice });
  }

  @Get('preview/html')
  @RequirePermission('message:read')
  async html(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: emailSchema }) { person, topic }: z.infer<typeof emailSchema>,
    @CurrentPrincipal() principal: Principal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { campaign, plan } = await this.planned(id, principal);
    const { html } = await this.previews.planned(campaign, await this.people.email(plan.id, person, topic));
    sendEmail(html, request, response);
  }

  /** One email of each kind that the plan sends, beside each other. */
  @Get('segments')
  @RequirePermission('message:read')
  @Page()
  async segments(@Param('id', { schema: idSchema }) id: string, @PageFrame() frame: Frame): Promise<string> {
    const { campaign, plan } = await this.planned(id, frame.principal);
    const previews = await this.previews.oneOfEach(campaign, plan);
    const values = { title: 'What each group gets', section: 'campaigns', campaign, plan, previews };
    return this.pages.render('campaign-segments', values, frame);
  }

  @Post('test')
  @RequirePermission('campaign:write')
  async test(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: testSchema }) { person, topic, address }: z.infer<typeof testSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const { campaign, plan } = await this.planned(id, frame.principal);
    const to = this.tests.anywhere ? address.trim() : (frame.principal.address ?? '');
    const faults =
      !this.tests.anywhere || z.email().safeParse(to).success
        ? await refusalOf(async () => {
            const email = await this.people.email(plan.id, person, topic);
            await this.tests.send(campaign, email, to, frame.principal);
          })
        : faultsOf([
            { field: 'address', message: 'Enter an email address in the correct format, like name@example.com' },
          ]);
    if (faults) {
      const page = await this.previewPage(campaign, plan, { person, topic }, frame, { faults, address });
      sendFaults(response, page);
    } else
      response.redirect(
        303,
        `/campaigns/${id}/preview?${new URLSearchParams({ person, topic, done: 'tested' }).toString()}`,
      );
  }

  private async previewPage(
    campaign: CampaignRow,
    plan: Plan,
    { person, topic }: z.infer<typeof emailSchema>,
    frame: Frame,
    also: { notice?: string | undefined; faults?: FormFaults; address?: string },
  ): Promise<string> {
    const email = await this.people.email(plan.id, person, topic);
    const values = {
      title: 'Preview',
      section: 'campaigns',
      campaign,
      email,
      preview: await this.previews.planned(campaign, email),
      source: `/campaigns/${campaign.id}/preview/html?${new URLSearchParams({ person, topic }).toString()}`,
      testsAnywhere: this.tests.anywhere,
      ownAddress: frame.principal.address,
      tests: await this.tests.of(campaign),
      ...also,
    };
    return this.pages.render('campaign-preview', values, frame);
  }

  /** @throws NotFoundError `no-plan`, `campaign-not-found`. */
  private async planned(id: string, principal: Principal): Promise<{ campaign: CampaignRow; plan: Plan }> {
    const campaign = await this.campaigns.visible(id, principal);
    const plan = await this.plans.latest(campaign);
    if (!plan)
      throw new NotFoundError(
        'no-plan',
        'This campaign has no plan yet, or was edited since the last one: make one first',
      );
    return { campaign, plan };
  }
}
