import { Injectable } from '@nestjs/common';
import { type AllDates, allDatesOf, CorrectionService } from '../campaigns/index.js';
import { DeadlinesService, type DeclarationWindow, type WindowSnapshot, type WindowTimes } from '../deadlines/index.js';
import { Clock } from '../shared/clock.js';
import { CorrectionReads } from './correction.reads.js';

/** Dates that people hold to be true and that are wrong, with how many people do. */
interface WronglyTold extends AllDates {
  readonly people: number;
}

/** What follows when dates move, and what a correction puts right. */
@Injectable()
export class CorrectionView {
  constructor(
    private readonly reads: CorrectionReads,
    private readonly corrections: CorrectionService,
    private readonly deadlines: DeadlinesService,
    private readonly clock: Clock,
  ) {}

  /** What moving the window to these times would do. Changes nothing. */
  async foresee(window: DeclarationWindow, times: WindowTimes) {
    const told = await this.wronglyTold({ ...window, ...times });
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
  async of(window: DeclarationWindow): Promise<{ now: AllDates; told: readonly WronglyTold[] }> {
    const now = allDatesOf(window);
    const told = await this.wronglyTold(window);
    if (told.length > 0) return { now, told };
    const history = await this.deadlines.history(window.id);
    const before = history.map((change) => datesOf(change.before)).filter((dates) => !sameDates(dates, now));
    const last = before.at(-1);
    return { now, told: last ? [{ ...last, people: 0 }] : [] };
  }

  /** The dates that most people were told first. */
  private async wronglyTold(window: DeclarationWindow): Promise<WronglyTold[]> {
    const wrongDatesOf = await this.corrections.wrongDates(window);
    const groups = new Map<string, WronglyTold>();
    for (const { accountIds } of await this.reads.recipients(window.id)) {
      const wrong = wrongDatesOf(accountIds);
      if (!wrong) continue;
      const key = JSON.stringify(wrong);
      groups.set(key, { ...wrong, people: (groups.get(key)?.people ?? 0) + 1 });
    }
    return [...groups.values()].sort((a, b) => b.people - a.people);
  }
}

/** What a window's history says, as messages carry it. */
function datesOf({ cutoff, reopening, pcse, signInChange }: WindowSnapshot): AllDates {
  return {
    cutoff,
    reopening: reopening.slice(0, 10),
    pcse: pcse.slice(0, 10),
    ...(signInChange !== null && { signInChange: signInChange.slice(0, 10) }),
  };
}

function sameDates(a: AllDates, b: AllDates): boolean {
  return (['cutoff', 'reopening', 'pcse', 'signInChange'] as const).every((date) => a[date] === b[date]);
}
