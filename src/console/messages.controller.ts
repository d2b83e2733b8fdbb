import { Get, Param, Req, Res } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { type CampaignRow, CampaignService } from '../campaigns/index.js';
import { Ledger, MessageDesk, type MessageView } from '../delivery/index.js';
import { NotFoundError } from '../shared/errors.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { DirectoryReads } from './directory.reads.js';
import { sendEmail } from './email.frame.js';
import { EmailPreviews } from './email.previews.js';
import { actorsIn, messageReason } from './message.words.js';
import { type Frame, Pages } from './pages.js';
import { SendingReads } from './sending.reads.js';
import { isTestBy } from './test-send.service.js';

const idSchema = z.uuid();

/** One message of the ledger: to whom, what became of it, and what it said. */
@ConsoleController('messages')
@RequirePermission('message:read')
export class MessagesController {
  constructor(
    private readonly ledger: Ledger,
    private readonly desk: MessageDesk,
    private readonly campaigns: CampaignService,
    private readonly previews: EmailPreviews,
    private readonly directory: DirectoryReads,
    private readonly sending: SendingReads,
    private readonly pages: Pages,
  ) {}

  @Get(':id')
  @Page()
  async show(@Param('id', { schema: idSchema }) id: string, @PageFrame() frame: Frame): Promise<string> {
    const message = await this.messageOf(id, frame.principal);
    const names = await this.directory.names(message.organisationCodes);
    const values = {
      title: 'Message',
      section: 'campaigns',
      message,
      why: message.reason && messageReason(message.reason, await this.sending.actorNames(actorsIn(message.reason))),
      campaign: await this.campaignOf(message, frame.principal),
      rendered: await this.previews.sent(message),
      organisations: message.organisationCodes.map((code) => ({ code, name: names.get(code) ?? code })),
    };
    return this.pages.render('message', values, frame);
  }

  @Get(':id/html')
  async html(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const rendered = await this.previews.sent(await this.messageOf(id, principal));
    if (!rendered) throw new NotFoundError('not-kept', 'What this message said is not kept any more');
    sendEmail(rendered.html, request, response);
  }

  /** Somebody confined to a region sees what tells its organisations, and the tests that they sent. */
  private async messageOf(id: string, principal: Principal): Promise<MessageView> {
    const message = await this.ledger.message(id);
    return isTestBy(principal, message) ? message : this.desk.visible(message, principal);
  }

  /** Undefined for a test or a rehearsal, which belong to no campaign, and for a campaign that a region may not see. */
  private async campaignOf(message: MessageView, principal: Principal): Promise<CampaignRow | undefined> {
    try {
      return await this.campaigns.visible(message.campaignId, principal);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }
}
