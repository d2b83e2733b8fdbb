import { Body, Get, Param, Post, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { RequirePermission, WholeCountry } from '../access/index.js';
import { CorrectionService } from '../campaigns/index.js';
import { DeadlinesService, type DeclarationWindow, type ReminderLadder } from '../deadlines/index.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, NO_FAULTS, refusal } from './form.faults.js';
import { type Frame, Pages } from './pages.js';
import { CorrectionReads } from './correction.reads.js';
import { stepsOf, type TypedStep, typedStepsOf, typedStepsSchema, withBlanks } from './reminder-form.rules.js';

const idSchema = z.uuid();
const buttonSchema = z.object({
  version: z.coerce.number().int().min(1),
  /** `more` shows another blank row, `look` when the reminders would leave; neither saves anything. */
  button: z.enum(['save', 'more', 'look']).catch('look'),
});
const formSchema = z.intersection(
  buttonSchema,
  typedStepsSchema.transform((steps) => ({ steps })),
);

/** Changing when reminders leave before a cutoff. */
@ConsoleController('windows')
@RequirePermission('window:write')
@WholeCountry()
export class ReminderFormController {
  constructor(
    private readonly deadlines: DeadlinesService,
    private readonly moving: CorrectionService,
    private readonly corrections: CorrectionReads,
    private readonly pages: Pages,
  ) {}

  @Get(':id/reminders')
  @Page()
  async form(@Param('id', { schema: idSchema }) id: string, @PageFrame() frame: Frame): Promise<string> {
    const window = await this.deadlines.window(id);
    const rows = typedStepsOf(window.reminderPolicy, 1);
    return this.show(window, { rows, version: window.version }, frame);
  }

  @Post(':id/reminders')
  async save(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: formSchema }) { version, button, steps: rows }: z.infer<typeof formSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const window = await this.deadlines.window(id);
    if (button === 'more') {
      response.type('html').send(await this.show(window, { rows: withBlanks(rows, 1), version }, frame));
      return;
    }
    const { steps, faults } = stepsOf(rows);
    const policy = { ...window.reminderPolicy, steps };
    if (faults.length > 0) {
      await this.refuse(response, window, { rows, version, faults: faultsOf(faults) }, frame);
      return;
    }
    if (button === 'look') {
      const ladder = this.deadlines.ladder({ ...window, reminderPolicy: policy });
      response.type('html').send(await this.show(window, { rows, version, ladder }, frame));
      return;
    }
    try {
      await this.deadlines.setReminderPolicy(id, policy, version, frame.principal.id);
      await this.moving.windowMoved(id);
      response.redirect(303, `/windows/${id}?done=reminders-set`);
    } catch (error) {
      await this.refuse(response, window, { rows, version, faults: refusal(error, 'number-0') }, frame);
    }
  }

  private async show(
    window: DeclarationWindow,
    form: { rows: readonly TypedStep[]; version: number; ladder?: ReminderLadder; faults?: FormFaults },
    frame: Frame,
  ): Promise<string> {
    const reminders = (await this.corrections.approved(window.id)).filter(({ kind }) => kind === 'payment-reminder');
    const values = { title: 'Change the reminders', section: 'windows', window, reminders, faults: NO_FAULTS, ...form };
    return this.pages.render('reminder-form', values, frame);
  }

  private async refuse(
    response: Response,
    window: DeclarationWindow,
    form: { rows: readonly TypedStep[]; version: number; faults: FormFaults },
    frame: Frame,
  ): Promise<void> {
    sendFaults(response, await this.show(window, form, frame));
  }
}
