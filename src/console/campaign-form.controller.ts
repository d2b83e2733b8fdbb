import { Body, Get, Post, Query, Res, Param } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { CAMPAIGN_KINDS, CampaignService, KINDS } from '../campaigns/index.js';
import { EscalationPolicies } from '../cascades/index.js';
import { DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { DirectoryService } from '../directory/index.js';
import { NotFoundError } from '../shared/errors.js';
import {
  addressOf,
  type Answers,
  answersOf,
  answersSchema,
  codesOf,
  faultsOfStep,
  fieldsOf,
  firstOpenStep,
  inputOf,
  kindOf,
  launchOf,
  type Step,
  STEPS,
} from './campaign-form.rules.js';
import { CascadeReads } from './cascade.reads.js';
import { policyWords } from './cascade.rules.js';
import { ConsoleController, PageFrame, sendForm } from './console-routes.js';
import { DirectoryReads } from './directory.reads.js';
import { faultsOf, type FormFaults, NO_FAULTS, refusal } from './form.faults.js';
import { type Frame, Pages } from './pages.js';

const stepSchema = answersSchema.extend({
  /** The step to show. */
  step: z.enum(STEPS).optional().catch(undefined),
  /** The step whose form was sent: it is checked before the next one is shown. */
  from: z.enum(STEPS).optional().catch(undefined),
});
const cloneSchema = z.object({ windowId: z.uuid() });
const idSchema = z.uuid();

const TITLES: Readonly<Record<Step, string>> = {
  what: 'What the campaign says',
  who: 'Who it is for',
  when: 'When it leaves',
  check: 'Check your answers',
};

/** Drafting and changing a campaign in steps. The answers travel in the address: going back loses nothing. */
@ConsoleController('campaigns')
@RequirePermission('campaign:write')
export class CampaignFormController {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly deadlines: DeadlinesService,
    private readonly organisations: DirectoryService,
    private readonly directory: DirectoryReads,
    private readonly cascades: CascadeReads,
    private readonly policies: EscalationPolicies,
    private readonly pages: Pages,
  ) {}

  @Get('new')
  async step(
    @Query({ schema: stepSchema }) { step, from, ...given }: z.infer<typeof stepSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const answers = await this.begun(given, step ?? from, frame.principal);
    const windows = await this.deadlines.windows();
    if (from !== undefined) {
      const faults = await this.faultsOf(from, answers, windows);
      if (faults.list.length === 0) response.redirect(303, addressOf(firstOpenAfter(from, answers, windows), answers));
      else await this.show(from, answers, windows, frame, response, faults);
      return;
    }
    // A step is shown only once those before it hold.
    const open = firstOpenStep(answers, windows);
    const shown = step && STEPS.indexOf(step) <= STEPS.indexOf(open) ? step : open;
    await this.show(step === undefined ? 'what' : shown, answers, windows, frame, response);
  }

  @Post()
  async save(
    @Body({ schema: answersSchema }) answers: Answers,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const windows = await this.deadlines.windows();
    const open = firstOpenStep(answers, windows);
    if (open !== 'check') {
      response.redirect(303, addressOf(open, answers));
      return;
    }
    try {
      const input = inputOf(answers, await this.kindsOf(codesOf(answers)));
      const { id } =
        answers.edit === ''
          ? await this.campaigns.create(input, frame.principal)
          : await this.campaigns.edit(answers.edit, Number(answers.version), input, frame.principal);
      response.redirect(303, `/campaigns/${id}?done=${answers.edit === '' ? 'created' : 'edited'}`);
    } catch (error) {
      await this.show('check', answers, windows, frame, response, refusal(error));
    }
  }

  @Post(':id/copy')
  async copy(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: cloneSchema }) { windowId }: z.infer<typeof cloneSchema>,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    const copy = await this.campaigns.clone(id, { windowId }, principal);
    response.redirect(303, `/campaigns/${copy.id}?done=cloned`);
  }

  @Post(':id/remainder')
  async remainder(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    const { id: remainder } = await this.campaigns.remainder(id, principal);
    response.redirect(303, `/campaigns/${remainder}?done=remainder`);
  }

  /** The first page of a change starts from the campaign as it is; that of a new one from what is usual. */
  private async begun(given: Answers, step: Step | undefined, principal: Principal): Promise<Answers> {
    if (step !== undefined) return given;
    if (given.edit !== '') return answersOf(await this.campaigns.visible(given.edit, principal));
    return { ...given, deskName: given.deskName || 'CQRS service desk', reach: given.reach || 'registered' };
  }

  private async faultsOf(step: Step, answers: Answers, windows: readonly DeclarationWindow[]): Promise<FormFaults> {
    const faults = faultsOfStep(step, answers, windows);
    if (step !== 'who' || faults.list.length > 0 || answers.everybody !== 'no') return faults;
    try {
      await this.kindsOf(codesOf(answers));
      return faults;
    } catch (error) {
      if (error instanceof NotFoundError) return faultsOf([{ field: 'codes', message: error.message }]);
      throw error;
    }
  }

  private async kindsOf(codes: readonly string[]): Promise<{ commissioners: string[]; organisations: string[] }> {
    const kinds = await this.organisations.kindsOf(codes);
    const unknown = codes.filter((code) => !kinds.has(code));
    if (unknown.length > 0) {
      throw new NotFoundError('organisation-unknown', `No imported file names an organisation ${unknown.join(', ')}.`);
    }
    return {
      commissioners: codes.filter((code) => kinds.get(code) === 'commissioner'),
      organisations: codes.filter((code) => kinds.get(code) !== 'commissioner'),
    };
  }

  private async show(
    step: Step,
    answers: Answers,
    windows: readonly DeclarationWindow[],
    frame: Frame,
    response: Response,
    faults: FormFaults = NO_FAULTS,
  ): Promise<void> {
    const index = STEPS.indexOf(step);
    const previous = STEPS[index - 1];
    const kind = kindOf(answers);
    const window = windows.find(({ id }) => id === answers.windowId);
    const isCascade = kind === 'cascade-request';
    const isLadder = kind !== undefined && KINDS[kind].schedule === 'ladder';
    const values = {
      title: TITLES[step],
      section: 'campaigns',
      faults,
      step,
      number: index + 1,
      steps: STEPS.length,
      answers,
      hidden: hiddenFields(step, answers),
      back: previous ? addressOf(previous, answers) : answers.edit === '' ? '/campaigns' : `/campaigns/${answers.edit}`,
      change: Object.fromEntries(STEPS.map((each) => [each, addressOf(each, answers)])),
      kinds: CAMPAIGN_KINDS,
      regions: await this.directory.organisationsOf('region'),
      windows,
      window,
      isLadder,
      ladder: step === 'check' && isLadder && window ? this.deadlines.ladder(window) : undefined,
      launch: step === 'check' ? launchOf(answers) : undefined,
      notices: step === 'check' && window ? this.deadlines.notices(window) : [],
      named: step === 'check' ? await this.named(answers) : [],
      cascade: step === 'check' && isCascade ? await this.cascadeOf(answers) : undefined,
    };
    sendForm(response, faults, this.pages.render('campaign-form', values, frame));
  }

  /** Who is asked to pass the message on, about how many practices, and what happens when they stay silent. */
  private async cascadeOf(answers: Answers) {
    const { audience } = inputOf(answers, await this.kindsOf(codesOf(answers)));
    const scope = { regions: [], commissioners: [], organisations: [], ...audience };
    return { ...(await this.cascades.scope(scope)), policy: policyWords(this.policies.usual) };
  }

  private async named(answers: Answers): Promise<string[]> {
    const codes = [...answers.regions, ...codesOf(answers)];
    const names = await this.directory.names(codes);
    return codes.map((code) => `${names.get(code) ?? code} (${code})`);
  }
}

/** After a step comes the next one, or the check where all others hold already (a change made from there). */
function firstOpenAfter(step: Step, answers: Answers, windows: readonly DeclarationWindow[]): Step {
  const next = STEPS[STEPS.indexOf(step) + 1] ?? 'check';
  const open = firstOpenStep(answers, windows);
  return open === 'check' ? 'check' : STEPS.indexOf(next) < STEPS.indexOf(open) ? next : open;
}

const FIELDS: Readonly<Record<Step, readonly (keyof Answers)[]>> = {
  what: ['kind', 'name', 'guidanceUrl', 'deskName', 'deskPhone', 'deskEmail'],
  who: ['everybody', 'regions', 'codes', 'reach'],
  when: ['windowId', 'launch', 'launch-day', 'launch-month', 'launch-year', 'launch-time'],
  check: [],
};

/** The answers of the other steps, which the form of this one carries along. */
function hiddenFields(step: Step, answers: Answers): [string, string][] {
  const own: readonly string[] = FIELDS[step];
  return fieldsOf(answers).filter(([field]) => !own.includes(field));
}
