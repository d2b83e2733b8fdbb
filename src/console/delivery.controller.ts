import { Body, Get, Param, Post, Query, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { MessageDesk, SuppressionDesk, TrialRecord } from '../delivery/index.js';
import { FeedbackService, type ReportView } from '../feedback/index.js';
import { type Config, InjectConfig, isCaptured, mailLimitsOf } from '../platform/config/index.js';
import { JobQueue } from '../platform/jobs/index.js';
import { Clock } from '../shared/clock.js';
import { lineChart } from './chart.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, NO_FAULTS, refusalOf } from './form.faults.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';
import { lastMinutes } from './sending.rates.js';
import { SendingReads } from './sending.reads.js';

const PAGE = 50;
/** Each report brings a form. */
const REPORTS = 20;
const MINUTES_SHOWN = 60;

const idSchema = z.uuid();
const liftSchema = z.object({ address: z.string().min(1).max(320) });
const reportSchema = z.object({ decision: z.enum(['confirm', 'dismiss']), message: z.string().max(100).default('') });
const blocksSchema = z.object({ before: z.coerce.number().int().positive().optional().catch(undefined) });
const returnedSchema = z.object({ after: z.uuid().optional().catch(undefined) });

/** How mail leaves, and what of it needs a person. */
@ConsoleController('delivery')
@RequirePermission('message:read')
export class DeliveryController {
  constructor(
    private readonly desk: MessageDesk,
    private readonly suppressions: SuppressionDesk,
    private readonly trial: TrialRecord,
    private readonly feedback: FeedbackService,
    private readonly sending: SendingReads,
    private readonly queue: JobQueue,
    private readonly pages: Pages,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Get()
  @Page()
  async overview(@Done() notice: string | undefined, @PageFrame() frame: Frame): Promise<string> {
    const { trialMode, trialAllow } = this.config;
    const { ratePerMinute, dayBudget } = mailLimitsOf(this.config);
    const now = this.clock.now();
    const minutes = await this.sending.minutesSince(new Date(now.getTime() - (MINUTES_SHOWN + 1) * 60_000));
    const lastHour = lastMinutes(minutes, now, MINUTES_SHOWN);
    // With the minute that still runs: in the first of a send nobody is to read that nothing was sent.
    const sent = minutes.reduce((sum, { messages }) => sum + messages, 0);
    const values = {
      title: 'Delivery',
      section: 'delivery',
      notice,
      captured: isCaptured(this.config),
      trialMode,
      trialAllow,
      realMail: await this.trial.standing(),
      ratePerMinute,
      dayBudget,
      transports: await this.sending.transports(),
      // Undefined where it does not answer.
      queues: await this.queue.depth().then(Object.entries, () => undefined),
      unknown: await this.desk.unknownCount(frame.principal),
      sent,
      plot:
        lastHour.some(({ value }) => value > 0) &&
        lineChart('Sent each minute of the last hour (London time)', 'Sent', lastHour),
      reviews: (await this.feedback.inReview(undefined, 100)).length,
    };
    return this.pages.render('delivery', values, frame);
  }

  @Get('blocks')
  @RequirePermission('suppression:read')
  @WholeCountry()
  @Page()
  async blocks(
    @Done() notice: string | undefined,
    @Query({ schema: blocksSchema }) { before }: z.infer<typeof blocksSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const rows = await this.sending.suppressions(this.clock.now(), before, PAGE + 1);
    const blocks = rows.slice(0, PAGE);
    const values = {
      title: 'Blocked addresses',
      section: 'delivery',
      notice,
      blocks,
      next: rows.length > PAGE ? `/delivery/blocks?before=${blocks.at(-1)?.id ?? 0}` : undefined,
    };
    return this.pages.render('blocks', values, frame);
  }

  @Post('blocks/lift')
  @RequirePermission('suppression:write')
  @WholeCountry()
  async lift(
    @Body({ schema: liftSchema }) { address }: z.infer<typeof liftSchema>,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.suppressions.lift(address, principal);
    response.redirect(303, '/delivery/blocks?done=lifted');
  }

  @Get('returned')
  @WholeCountry()
  @Page()
  async returned(
    @Done() notice: string | undefined,
    @Query({ schema: returnedSchema }) { after }: z.infer<typeof returnedSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    return this.returnedPage(frame, { notice, after });
  }

  @Post('returned/:id')
  @RequirePermission('suppression:write')
  @WholeCountry()
  async review(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: reportSchema }) { decision, message }: z.infer<typeof reportSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const faults = await this.reviewed(id, decision, message.trim(), frame.principal);
    if (faults) sendFaults(response, await this.returnedPage(frame, { faults }));
    else response.redirect(303, '/delivery/returned?done=decided');
  }

  private async reviewed(
    id: string,
    decision: 'confirm' | 'dismiss',
    message: string,
    principal: Principal,
  ): Promise<FormFaults | undefined> {
    if (decision === 'dismiss') return refusalOf(() => this.feedback.dismiss(id, principal.id));
    if (!z.uuid().safeParse(message).success) {
      return faultsOf([
        { field: `message-${id}`, message: 'Enter the id of the message, as its page shows in the address' },
      ]);
    }
    return refusalOf(() => this.feedback.confirm(id, message, principal.id));
  }

  private async returnedPage(
    frame: Frame,
    {
      faults = NO_FAULTS,
      notice,
      after,
    }: { notice?: string | undefined; faults?: FormFaults; after?: string | undefined },
  ): Promise<string> {
    const rows = await this.feedback.inReview(after, REPORTS + 1);
    const reports: readonly ReportView[] = rows.slice(0, REPORTS);
    const texts = await this.sending.reportTexts(reports.map(({ id }) => id));
    const values = {
      title: 'Returned messages to review',
      section: 'delivery',
      notice,
      faults,
      reports: reports.map((report) => ({ ...report, ...texts.get(report.id) })),
      next: rows.length > REPORTS ? `/delivery/returned?after=${reports.at(-1)?.id ?? ''}` : undefined,
    };
    return this.pages.render('returned', values, frame);
  }
}
