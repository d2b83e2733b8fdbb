import { Body, Param, Post, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { ANSWERS, CascadeService, NudgeService } from '../cascades/index.js';
import { odsCodeSchema } from '../shared/ods-code.js';
import { CascadeOrganisationView } from './cascade-organisation.view.js';
import { CascadeView } from './cascade.view.js';
import { ConsoleController, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, refusal } from './form.faults.js';
import { manyOf } from './form.text.js';
import { type Frame, Pages } from './pages.js';

const idSchema = z.uuid();
const nudgeSchema = z.object({
  codes: manyOf(odsCodeSchema),
  /** The page to go back to: that of one organisation, or of the cascade. */
  from: odsCodeSchema.optional().catch(undefined),
});
const answerSchema = z.object({
  answer: z.enum(ANSWERS).optional().catch(undefined),
  reason: z.string().trim().max(500).default(''),
});

/** The buttons on the pages of a cascade. */
@ConsoleController('cascades')
@RequirePermission('cascade:operate')
export class CascadeActionsController {
  constructor(
    private readonly cascades: CascadeService,
    private readonly nudges: NudgeService,
    private readonly view: CascadeView,
    private readonly organisations: CascadeOrganisationView,
    private readonly pages: Pages,
  ) {}

  @Post(':id/nudge')
  async nudge(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: nudgeSchema }) { codes, from }: z.infer<typeof nudgeSchema>,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.view.cascade(id, principal);
    await this.nudges.nudge(id, codes, principal);
    response.redirect(303, `/cascades/${id}${from === undefined ? '' : `/organisations/${from}`}?done=nudged`);
  }

  /** Writes down what an organisation said by telephone or in an email. */
  @Post(':id/organisations/:code/answer')
  async answer(
    @Param('id', { schema: idSchema }) id: string,
    @Param('code', { schema: odsCodeSchema }) code: string,
    @Body({ schema: answerSchema }) { answer, reason }: z.infer<typeof answerSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const cascade = await this.view.cascade(id, frame.principal);
    const organisation = await this.view.organisation(id, code, frame.principal);
    let faults: FormFaults;
    if (answer === undefined) faults = faultsOf([{ field: 'answer', message: 'Select what they said' }]);
    else if (answer === 'decline' && reason === '')
      faults = faultsOf([{ field: 'reason', message: 'Enter why it is not theirs, so that it can go elsewhere' }]);
    else {
      try {
        await this.cascades.answer({ cascadeId: id, organisation: code, answer, reason, actor: frame.principal.id });
        response.redirect(303, `/cascades/${id}/organisations/${code}?done=answered`);
        return;
      } catch (error) {
        faults = refusal(error, 'answer');
      }
    }
    const values = {
      title: organisation.name,
      section: 'cascades',
      cascade,
      organisation,
      faults,
      answers: { answer, reason },
      ...(await this.organisations.of(cascade, organisation, {}, frame.principal)),
    };
    sendFaults(response, this.pages.render('cascade-organisation', values, frame));
  }
}
