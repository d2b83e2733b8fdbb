import { Body, Get, Param, Post, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { RequirePermission, WholeCountry } from '../access/index.js';
import { type CampaignRow, CampaignService, CorrectionService } from '../campaigns/index.js';
import { BankHolidays, DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { Clock } from '../shared/clock.js';
import { calendarOf } from './calendar.rules.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { CorrectionView } from './correction.view.js';
import { faultsOf, type FormFaults, NO_FAULTS, refusal } from './form.faults.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';
import { SendingReads } from './sending.reads.js';
import {
  blankTimes,
  clocksOf,
  MOMENTS,
  type TypedTimes,
  typedTimesOf,
  typedTimesSchema,
  windowTimesOf,
} from './window-form.rules.js';

const idSchema = z.uuid();
const REMINDERS = 'payment-reminder';
/** It has reminders on their way, or sent the last of them. */
const sendsReminders = ({ kind, state }: CampaignRow): boolean =>
  kind === REMINDERS && ['scheduled', 'sending', 'finished'].includes(state);
const newSchema = typedTimesSchema.extend({ name: z.string().max(300).default('') });
const moveSchema = typedTimesSchema.extend({
  version: z.coerce.number().int().min(1),
  reason: z.string().max(500).default(''),
});

type Answers = TypedTimes & { readonly name?: string; readonly version?: number; readonly reason?: string };

/** Declaration windows: the dates that emails give, and the reminders before them. */
@ConsoleController('windows')
@RequirePermission('window:read')
export class WindowsController {
  constructor(
    private readonly deadlines: DeadlinesService,
    private readonly bankHolidays: BankHolidays,
    private readonly campaigns: CampaignService,
    private readonly moving: CorrectionService,
    private readonly corrections: CorrectionView,
    private readonly sending: SendingReads,
    private readonly clock: Clock,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(@PageFrame() frame: Frame): Promise<string> {
    const windows = await this.deadlines.windows();
    const open = new Set((await this.deadlines.openWindows()).map(({ id }) => id));
    const values = {
      title: 'Windows',
      section: 'windows',
      windows: windows.map((each) => ({ ...each, isOpen: open.has(each.id) })),
    };
    return this.pages.render('windows', values, frame);
  }

  @Get('new')
  @RequirePermission('window:write')
  @WholeCountry()
  @Page()
  blank(@PageFrame() frame: Frame): string {
    return this.form(frame, { answers: { name: '', ...blankTimes() } });
  }

  @Post()
  @RequirePermission('window:write')
  @WholeCountry()
  async create(
    @Body({ schema: newSchema }) answers: z.infer<typeof newSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const { times, faults } = windowTimesOf(answers);
    const nameFaults =
      answers.name.trim() === '' ? [{ field: 'name', message: 'Enter a name, like September 2026' }] : [];
    if (!times || nameFaults.length > 0) {
      sendFaults(response, this.form(frame, { answers, faults: faultsOf([...nameFaults, ...faults]) }));
      return;
    }
    try {
      const { id } = await this.deadlines.createWindow({ name: answers.name, ...times }, frame.principal.id);
      response.redirect(303, `/windows/${id}?done=window-created`);
    } catch (error) {
      sendFaults(response, this.form(frame, { answers, faults: refusal(error, 'name') }));
    }
  }

  @Get(':id')
  @Page()
  async show(
    @Param('id', { schema: idSchema }) id: string,
    @Done() notice: string | undefined,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const window = await this.deadlines.window(id);
    const ladder = this.deadlines.ladder(window);
    const history = await this.deadlines.history(id);
    const names = await this.sending.actorNames(history.map(({ changedBy }) => changedBy));
    const campaigns = frame.principal.permissions.includes('campaign:read')
      ? await this.campaigns.list({
          windowId: id,
          limit: 50,
          ...(frame.principal.region && { region: frame.principal.region }),
        })
      : [];
    const values = {
      title: window.name,
      section: 'windows',
      notice,
      window,
      ladder,
      notices: this.deadlines.notices(window),
      months: calendarOf(window, ladder, this.bankHolidays.calendar),
      history: history.map((change) => ({ ...change, who: names.get(change.changedBy) ?? 'Somebody' })).reverse(),
      waiting: {
        ...(await this.deadlines.waiting(id, frame.principal.region)),
        unheard: (await this.deadlines.practicesWithoutStatus(id, frame.principal.region)).length,
      },
      reports: await this.deadlines.declarationReports(),
      hasPassed: window.cutoff.toInstant() <= this.clock.now(),
      // Also of campaigns that somebody of one region may not see.
      remindersLeave: (await this.campaigns.list({ windowId: id, limit: 50 })).some(sendsReminders),
      campaigns,
      begunReminders: campaigns.find(({ kind, state }) => kind === REMINDERS && state !== 'cancelled'),
    };
    return this.pages.render('window', values, frame);
  }

  @Get(':id/move')
  @RequirePermission('window:write')
  @WholeCountry()
  @Page()
  async moveForm(@Param('id', { schema: idSchema }) id: string, @PageFrame() frame: Frame): Promise<string> {
    const window = await this.deadlines.window(id);
    const answers = { ...typedTimesOf(window), version: window.version, reason: '' };
    return this.form(frame, { answers, window });
  }

  /** What the new dates would do, before anything is saved. */
  @Post(':id/move/check')
  @RequirePermission('window:write')
  @WholeCountry()
  async check(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: moveSchema }) answers: z.infer<typeof moveSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const window = await this.deadlines.window(id);
    const { times, faults } = windowTimesOf(answers);
    const after = times && clocksOf(times);
    const unchanged = after && MOMENTS.every(([field]) => window[field]?.isoLocal() === after[field]?.isoLocal());
    if (!after || unchanged) {
      const found = unchanged ? [{ field: 'cutoff-day', message: 'Change at least one of the dates' }] : faults;
      sendFaults(response, this.form(frame, { answers, window, faults: faultsOf(found) }));
      return;
    }
    const dates = MOMENTS.map(([field, name]) => {
      const before = window[field];
      return { name, before, after: after[field], moves: before?.isoLocal() !== after[field]?.isoLocal() };
    });
    const values = {
      title: 'Check what moving the dates does',
      section: 'windows',
      window,
      answers,
      dates,
      notices: this.deadlines.notices({ ...window, ...after }),
      effect: await this.corrections.foresee(window, after),
    };
    response.type('html').send(this.pages.render('window-check', values, frame));
  }

  @Post(':id/move')
  @RequirePermission('window:write')
  @WholeCountry()
  async move(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: moveSchema }) answers: z.infer<typeof moveSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const window = await this.deadlines.window(id);
    const { times, faults } = windowTimesOf(answers);
    if (!times) {
      sendFaults(response, this.form(frame, { answers, window, faults: faultsOf(faults) }));
      return;
    }
    try {
      const move = { ...times, reason: answers.reason };
      const { correctionId } = await this.moving.moveCutoff(id, move, answers.version, frame.principal);
      response.redirect(
        303,
        correctionId === null
          ? `/windows/${id}?done=window-moved`
          : `/campaigns/${correctionId}?done=correction-drafted`,
      );
    } catch (error) {
      sendFaults(response, this.form(frame, { answers, window, faults: refusal(error) }));
    }
  }

  private form(
    frame: Frame,
    { answers, window, faults = NO_FAULTS }: { answers: Answers; window?: DeclarationWindow; faults?: FormFaults },
  ): string {
    const title = window ? `Move the dates of ${window.name}` : 'New window';
    return this.pages.render('window-form', { title, section: 'windows', answers, window, faults }, frame);
  }
}
