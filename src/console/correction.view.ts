import { Injectable } from '@nestjs/common';
import { datesToldOf, tellsDates, type ToldDates } from '../campaigns/index.js';
import { DeadlinesService, type DeclarationWindow, type WindowTimes } from '../deadlines/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import { Clock } from '../shared/clock.js';
import { CorrectionReads } from './correction.reads.js';

/** What follows when dates move, and what a correction puts right. */
@Injectable()
export class CorrectionView {
  constructor(
    private readonly reads: CorrectionReads,
    private readonly deadlines: DeadlinesService,
    private readonly templates: TemplateCatalogue,
    private readonly clock: Clock,
  ) {}

  /** What moving the window to these times would do. Changes nothing. */
  async foresee(window: DeclarationWindow, times: WindowTimes) {
    const dates = datesToldOf(times);
    const told = sameDates(dates, datesToldOf(window)) ? [] : await this.wronglyTold(window.id, dates);
    const people = told.reduce((sum, group) => sum + group.people, 0);
    return {
      told,
      people,
      // From the cutoff on nobody can act on a correction any more.
      drafts: people > 0 && times.cutoff.toInstant() > this.clock.now(),
      campaigns: await this.reads.approved(window.id),
      unsent: await this.reads.unsent(window.id),
      cascades: await this.reads.cascadeSteps(window.id),
    };
  }

  /** The wrong dates that people were told, beside those of the window; the last change once everybody knows better. */
  async of(window: DeclarationWindow) {
    const now = datesToldOf(window);
    const told = await this.wronglyTold(window.id, now);
    if (told.length > 0) return { now, told };
    const last = (await this.deadlines.history(window.id))
      .filter(({ before }) => !sameDates(toldForm(before), now))
      .at(-1);
    return { now, told: last ? [{ ...toldForm(last.before), people: 0 }] : [] };
  }

  private async wronglyTold(windowId: string, dates: ToldDates) {
    const templates = this.templates.names().filter((name) => tellsDates(this.templates.get(name)));
    return this.reads.wronglyTold(windowId, dates, templates);
  }
}

/** A window's history as messages carry its dates. */
function toldForm({ cutoff, reopening, pcse }: ToldDates): ToldDates {
  return { cutoff, reopening: reopening.slice(0, 10), pcse: pcse.slice(0, 10) };
}

function sameDates(a: ToldDates, b: ToldDates): boolean {
  return a.cutoff === b.cutoff && a.reopening === b.reopening && a.pcse === b.pcse;
}
