import { Body, Get, type MessageEvent, Param, Post, Res, Sse } from '@nestjs/common';
import { type Response } from 'express';
import { type Observable } from 'rxjs';
import { z } from 'zod';
import { RequirePermission } from '../access/index.js';
import { DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { parseCalendarDate } from '../shared/london-time.js';
import { coverageChart } from './cascade.rules.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, NO_FAULTS, refusalOf } from './form.faults.js';
import { type Frame, Pages } from './pages.js';
import { SimulationLive } from './simulation.live.js';
import { CASCADE_SCRIPTS, type CascadeSimulation } from './simulation.report.js';
import { SimulationRepository } from './simulation.repository.js';
import { Simulations } from './simulation.service.js';

const idSchema = z.uuid();
const startSchema = z.object({ script: z.enum(CASCADE_SCRIPTS).optional().catch(undefined) });

/** The request of a window played through with answers by a script: who would be told by the cutoff. */
@ConsoleController('cascades/simulations')
@RequirePermission('cascade:read')
export class CascadeSimulationController {
  constructor(
    private readonly deadlines: DeadlinesService,
    private readonly simulations: Simulations,
    private readonly runs: SimulationRepository,
    private readonly runsLive: SimulationLive,
    private readonly pages: Pages,
  ) {}

  @Get(':id')
  @Page()
  async show(@Param('id', { schema: idSchema }) id: string, @PageFrame() frame: Frame): Promise<string> {
    return this.page(await this.deadlines.window(id), NO_FAULTS, frame);
  }

  @Post(':id')
  @RequirePermission('cascade:operate')
  async start(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: startSchema }) { script }: z.infer<typeof startSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const window = await this.deadlines.window(id);
    const faults = script
      ? await refusalOf(() => this.simulations.start(window, 'cascade', script, frame.principal))
      : faultsOf([{ field: 'script', message: 'Select how commissioners and practices behave' }]);
    if (faults) {
      const html = await this.page(window, faults, frame);
      sendFaults(response, html);
    } else response.redirect(303, pageOf(id));
  }

  @Sse(':id/live')
  live(@Param('id', { schema: idSchema }) id: string): Observable<MessageEvent> {
    return this.runsLive.of(id, 'cascade', pageOf(id));
  }

  private async page(window: DeclarationWindow, faults: FormFaults, frame: Frame): Promise<string> {
    const standing = await this.runs.standing(window.id, 'cascade');
    const { done } = standing;
    const values = {
      title: `Simulated cascade for ${window.name}`,
      section: 'cascades',
      window,
      page: pageOf(window.id),
      faults,
      ...standing,
      scripts: CASCADE_SCRIPTS,
      isOld: done !== undefined && done.version !== window.version,
      plot: done?.report ? plotOf(done.report) : undefined,
    };
    return this.pages.render('cascade-simulation', values, frame);
  }
}

function plotOf({ days, from, until, coverage: { practices } }: CascadeSimulation) {
  let [passedOn, confirmed] = [0, 0];
  const points = days.map((each) => ({
    day: each.day,
    passedOn: (passedOn += each.practicesTold),
    confirmed: (confirmed += each.practicesConfirmed),
  }));
  const [first, last] = [from, until].map((time) => parseCalendarDate(time.slice(0, 10)));
  return first && last && coverageChart(points, { from: first, until: last, practices });
}

function pageOf(windowId: string): string {
  return `/cascades/simulations/${windowId}`;
}
