import { Body, Param, Post, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { CsrfToken, CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { CampaignService } from '../campaigns/index.js';
import { CampaignView } from './campaign.view.js';
import { ConsoleController } from './console-routes.js';
import { faultsOf, type FormFaults, refusalOf } from './form.faults.js';
import { type Notice } from './notices.js';
import { Pages } from './pages.js';

const idSchema = z.uuid();
const hashSchema = z.object({ hash: z.string().max(100) });
const commentSchema = z.object({ comment: z.string().max(500).default('') });

/** Done, with what to say about it, or the same page again with what was refused. */
interface Attempt {
  readonly id: string;
  readonly principal: Principal;
  readonly csrf: string;
  readonly response: Response;
  readonly done: Notice;
}

/** The buttons on the page of a campaign. */
@ConsoleController('campaigns')
export class CampaignActionsController {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly view: CampaignView,
    private readonly pages: Pages,
  ) {}

  @Post(':id/plan')
  @RequirePermission('campaign:write')
  async plan(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    await this.campaigns.visible(id, principal);
    await this.attempt({ id, principal, csrf, response, done: 'planned' }, () => this.campaigns.plan(id));
  }

  @Post(':id/submit')
  @RequirePermission('campaign:write')
  async submit(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const attempt = { id, principal, csrf, response, done: 'submitted' as const };
    await this.attempt(attempt, () => this.campaigns.submit(id, principal));
  }

  @Post(':id/approve')
  @RequirePermission('campaign:approve')
  async approve(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: hashSchema }) { hash }: z.infer<typeof hashSchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const attempt = { id, principal, csrf, response, done: 'approved' as const };
    await this.attempt(attempt, () => this.campaigns.approve(id, hash, principal));
  }

  @Post(':id/send-back')
  @RequirePermission('campaign:approve')
  async sendBack(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: commentSchema }) { comment }: z.infer<typeof commentSchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const attempt = { id, principal, csrf, response, done: 'sent-back' as const };
    if (comment.trim() === '') {
      await this.again(attempt, faultsOf([{ field: 'comment', message: 'Enter what has to change' }]));
      return;
    }
    await this.attempt(attempt, () => this.campaigns.sendBack(id, comment.trim(), principal));
  }

  @Post(':id/schedule')
  @RequirePermission('campaign:operate')
  async schedule(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const attempt = { id, principal, csrf, response, done: 'scheduled' as const };
    await this.attempt(attempt, () => this.campaigns.schedule(id, principal));
  }

  @Post(':id/release')
  @RequirePermission('campaign:operate')
  async release(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const attempt = { id, principal, csrf, response, done: 'released' as const };
    await this.attempt(attempt, () => this.campaigns.release(id, principal));
  }

  @Post(':id/pause')
  @RequirePermission('campaign:operate')
  async pause(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const attempt = { id, principal, csrf, response, done: 'paused' as const };
    await this.attempt(attempt, () => this.campaigns.pause(id, principal));
  }

  @Post(':id/resume')
  @RequirePermission('campaign:operate')
  async resume(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const attempt = { id, principal, csrf, response, done: 'resumed' as const };
    await this.attempt(attempt, () => this.campaigns.resume(id, principal));
  }

  @Post(':id/cancel')
  @RequirePermission('campaign:operate')
  async cancel(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: commentSchema }) { comment }: z.infer<typeof commentSchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
    @Res() response: Response,
  ): Promise<void> {
    const attempt = { id, principal, csrf, response, done: 'cancelled' as const };
    if (comment.trim() === '') {
      await this.again(attempt, faultsOf([{ field: 'cancel-reason', message: 'Enter why the campaign is cancelled' }]));
      return;
    }
    await this.attempt(attempt, () => this.campaigns.cancel(id, comment.trim(), principal));
  }

  private async attempt(attempt: Attempt, work: () => Promise<unknown>): Promise<void> {
    const refused = await refusalOf(work);
    if (refused) await this.again(attempt, refused);
    else attempt.response.redirect(303, `/campaigns/${attempt.id}?done=${attempt.done}`);
  }

  private async again({ id, principal, csrf, response }: Attempt, faults: FormFaults): Promise<void> {
    const view = await this.view.of(id, principal);
    const values = { title: view.campaign.name, section: 'campaigns', faults, ...view };
    response
      .status(422)
      .type('html')
      .send(this.pages.render('campaign', values, { principal, csrf }));
  }
}
