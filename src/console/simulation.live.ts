import { type BeforeApplicationShutdown, Injectable, type MessageEvent } from '@nestjs/common';
import { concatMap, from, type Observable, Subject, takeUntil, takeWhile, timer } from 'rxjs';
import { Pages } from './pages.js';
import { type Subject as Simulated } from './simulation.report.js';
import { SimulationRepository } from './simulation.repository.js';

const LIVE_EVERY = 2_000;

/** How a simulation stands, again and again until it ends, as a part of its page. */
@Injectable()
export class SimulationLive implements BeforeApplicationShutdown {
  private readonly stopping = new Subject<void>();

  constructor(
    private readonly runs: SimulationRepository,
    private readonly pages: Pages,
  ) {}

  /** @param page where the result is shown. */
  of(windowId: string, simulated: Simulated, page: string): Observable<MessageEvent> {
    return timer(0, LIVE_EVERY).pipe(
      takeUntil(this.stopping),
      concatMap(() => from(this.part(windowId, simulated, page))),
      concatMap(({ html, over }) => [{ type: 'part', data: html }, ...(over ? [{ type: 'end', data: 'over' }] : [])]),
      takeWhile(({ type }) => type !== 'end', true),
    );
  }

  /** Open streams would keep the server from closing. */
  beforeApplicationShutdown(): void {
    this.stopping.next();
  }

  private async part(windowId: string, simulated: Simulated, page: string) {
    const { latest, usual } = await this.runs.standing(windowId, simulated);
    const values = { latest, usual, page, isLive: true };
    return { html: this.pages.render('simulation-status', values), over: latest?.state !== 'running' };
  }
}
