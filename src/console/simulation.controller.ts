import { Body, Get, type MessageEvent, Param, Post, Res, Sse } from '@nestjs/common';
import { type Response } from 'express';
import { type Observable } from 'rxjs';
import { z } from 'zod';
import { RequirePermission } from '../access/index.js';
import { BankHolidays, DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, NO_FAULTS, refusalOf } from './form.faults.js';
import { type Frame, Pages } from './pages.js';
import { timeline } from './simulation.chart.js';
import { SimulationLive } from './simulation.live.js';
import { SCENARIOS } from './simulation.report.js';
import { SimulationRepository } from './simulation.repository.js';
import { Simulations } from './simulation.service.js';

const idSchema = z.uuid();
const startSchema = z.object({ scenario: z.enum(SCENARIOS).optional().catch(undefined) });

/** A window played through: what would happen from now to the PCSE date. */
@ConsoleController('windows')
@RequirePermission('window:read')
export class SimulationController {
  constructor(
    private readonly deadlines: DeadlinesService,
    private readonly bankHolidays: BankHolidays,
    private readonly simulations: Simulations,
    private readonly runs: SimulationRepository,
    private readonly runsLive: SimulationLive,
    private readonly pages: Pages,
  ) {}

  @Get(':id/simulation')
  @Page()
  async show(@Param('id', { schema: idSchema }) id: string, @PageFrame() frame: Frame): Promise<string> {
    return this.page(await this.deadlines.window(id), NO_FAULTS, frame);
  }

  @Post(':id/simulation')
  @RequirePermission('window:write')
  async start(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: startSchema }) { scenario }: z.infer<typeof startSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const window = await this.deadlines.window(id);
    const faults = scenario
      ? await refusalOf(() => this.simulations.start(window, 'window', scenario, frame.principal))
      : faultsOf([{ field: 'scenario', message: 'Select what people and the mail server do' }]);
    if (faults) sendFaults(response, await this.page(window, faults, frame));
    else response.redirect(303, pageOf(id));
  }

  /** How the run stands, again and again until it ends. */
  @Sse(':id/simulation/live')
  live(@Param('id', { schema: idSchema }) id: string): Observable<MessageEvent> {
    return this.runsLive.of(id, 'window', pageOf(id));
  }

  private async page(window: DeclarationWindow, faults: FormFaults, frame: Frame): Promise<string> {
    const standing = await this.runs.standing(window.id, 'window');
    const { done } = standing;
    const values = {
      title: `Simulation of ${window.name}`,
      section: 'windows',
      window,
      faults,
      ...standing,
      scenarios: SCENARIOS,
      isOld: done !== undefined && done.version !== window.version,
      plot: done?.report ? timeline(done.report, window, this.bankHolidays.calendar) : undefined,
    };
    return this.pages.render('simulation', values, frame);
  }
}

function pageOf(windowId: string): string {
  return `/windows/${windowId}/simulation`;
}
