import { Injectable, type MessageEvent } from '@nestjs/common';
import { type Observable } from 'rxjs';
import { LiveParts } from './live.parts.js';
import { Pages } from './pages.js';
import { type Subject } from './simulation.report.js';
import { SimulationRepository } from './simulation.repository.js';

/** How a simulation stands, again and again until it ends, as a part of its page. */
@Injectable()
export class SimulationLive {
  constructor(
    private readonly runs: SimulationRepository,
    private readonly live: LiveParts,
    private readonly pages: Pages,
  ) {}

  /** @param page where the result is shown. */
  of(windowId: string, simulated: Subject, page: string): Observable<MessageEvent> {
    return this.live.of(() => this.part(windowId, simulated, page));
  }

  private async part(windowId: string, simulated: Subject, page: string) {
    const { latest, usual } = await this.runs.standing(windowId, simulated);
    const values = { latest, usual, page, isLive: true };
    return { html: this.pages.render('simulation-status', values), over: latest?.state !== 'running' };
  }
}
