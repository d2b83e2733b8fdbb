import { randomUUID } from 'node:crypto';
import { Body, Get, Post, Query, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { RequirePermission } from '../access/index.js';
import { DrillService, MOST_DRILL_CONTACTS, USUAL_DRILL_CONTACTS } from '../cascades/index.js';
import { fieldsOf } from './campaign-form.rules.js';
import { ConsoleController, PageFrame, sendForm } from './console-routes.js';
import { DirectoryReads } from './directory.reads.js';
import { type DrillAnswers, drillAnswersSchema, drillOf, faultsOfDrill } from './drill-form.rules.js';
import { type FormFaults, NO_FAULTS, refusal } from './form.faults.js';
import { type Frame, Pages } from './pages.js';

const startSchema = drillAnswersSchema.extend({ messages: z.coerce.number().int().min(0), form: z.uuid() });

/** Starting a rehearsal: a form, a page that says whom it would write to, and the button. */
@ConsoleController('cascades/drills')
@RequirePermission('cascade:operate')
export class DrillsController {
  constructor(
    private readonly drills: DrillService,
    private readonly directory: DirectoryReads,
    private readonly pages: Pages,
  ) {}

  @Get('new')
  async form(
    @Query({ schema: drillAnswersSchema }) given: DrillAnswers,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const answers = given.contacts === '' ? { ...given, contacts: String(USUAL_DRILL_CONTACTS) } : given;
    await this.showForm(response, answers, NO_FAULTS, frame);
  }

  /** The answers travel in the address, so that going back loses nothing. */
  @Get('check')
  async check(
    @Query({ schema: drillAnswersSchema }) answers: DrillAnswers,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    await this.showCheck(response, answers, NO_FAULTS, frame);
  }

  @Post()
  async start(
    @Body({ schema: startSchema }) { messages, form, ...answers }: z.infer<typeof startSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const faults = faultsOfDrill(answers);
    if (faults.list.length > 0) {
      await this.showForm(response, answers, faults, frame);
      return;
    }
    try {
      const id = await this.drills.start(answers.name.trim(), drillOf(answers), frame.principal, {
        messages,
        form,
      });
      response.redirect(303, `/cascades/${id}?done=drill-started`);
    } catch (error) {
      await this.showCheck(response, answers, refusal(error), frame);
    }
  }

  private async showCheck(response: Response, answers: DrillAnswers, refused: FormFaults, frame: Frame): Promise<void> {
    const faults = faultsOfDrill(answers);
    if (faults.list.length > 0) {
      await this.showForm(response, answers, faults, frame);
      return;
    }
    try {
      const forecast = await this.drills.foresee(drillOf(answers), frame.principal);
      const names = await this.directory.names(answers.regions);
      const values = {
        title: 'Check your answers',
        section: 'cascades',
        answers,
        fields: fieldsOf(answers),
        back: `/cascades/drills/new?${new URLSearchParams(fieldsOf(answers)).toString()}`,
        regions: answers.regions.map((code) => names.get(code) ?? code),
        forecast,
        // Working out a national drill takes longer than the button stays still for.
        form: randomUUID(),
        faults: refused,
      };
      sendForm(response, refused, this.pages.render('drill-check', values, frame));
    } catch (error) {
      await this.showForm(response, answers, refusal(error), frame);
    }
  }

  private async showForm(response: Response, answers: DrillAnswers, faults: FormFaults, frame: Frame): Promise<void> {
    const { region } = frame.principal;
    const regions = await this.directory.organisationsOf('region');
    const values = {
      title: 'Start a rehearsal',
      section: 'cascades',
      answers,
      faults,
      most: MOST_DRILL_CONTACTS,
      regions: region === undefined ? regions : regions.filter(({ code }) => code === region),
    };
    sendForm(response, faults, this.pages.render('drill-form', values, frame));
  }
}
