import { CampaignService } from '../campaigns/index.js';
import { CascadeReports, type DayOfSteps, ScriptedCascade } from '../cascades/index.js';
import { BankHolidays } from '../deadlines/index.js';
import { LondonTime } from '../shared/london-time.js';
import { CASCADE_SCRIPTS, type CascadeScriptName } from './cascade.scripts.js';
import { type CopyRequest, openCopy } from './simulation.js';
import { SIMULATED } from './invented.people.js';
import { scenarioOf } from './simulation.scenario.js';
import { type Hold, table } from './terminal.js';

/** What a page or a person needs to know of it; times are London wall clocks. */
export interface CascadeSimulation {
  readonly from: string;
  readonly until: string;
  readonly script: CascadeScriptName;
  readonly answers: number;
  /** Emails that were written because somebody did not act. */
  readonly escalations: number;
  readonly days: readonly DayOfSteps[];
  readonly coverage: Readonly<
    Record<'practices' | 'confirmed' | 'passedOn' | 'silent' | 'unreachable' | 'closed', number>
  >;
  readonly seconds: number;
}

/**
 * The request of a window on a copy of the service, with organisations that answer by a script, until the cutoff. It
 * begins now or, when the cutoff has passed, on the day the window was made. No other campaign takes part.
 */
export async function simulateCascade(
  request: CopyRequest & { readonly now: Date; readonly script: CascadeScriptName },
  hold: Hold,
): Promise<CascadeSimulation> {
  const started = performance.now();
  const { window, now, script } = request;
  const cutoff = window.cutoff.toInstant();
  const from = now < cutoff ? now : window.createdAt;
  const scenario = scenarioOf({}, window.cutoff);
  const { app, clock, run } = await openCopy(request, { scenario, from, history: 'left-out' }, hold);
  clock.moveTo(app.get(BankHolidays).calendar.addWorkingHours(from, 0));
  const campaigns = app.get(CampaignService);
  const input = { name: 'Simulated request', kind: 'cascade-request' as const, windowId: window.id };
  const { id } = await campaigns.create(input, SIMULATED.author);
  const { hash } = await campaigns.plan(id);
  await campaigns.submit(id, SIMULATED.author);
  await campaigns.approve(id, hash, SIMULATED.approver);
  await campaigns.schedule(id, SIMULATED.operator);
  await run.settle();
  const settings = { campaignId: id, clock, until: cutoff, script: CASCADE_SCRIPTS[script] };
  const { answers, escalations, coverage } = await app.get(ScriptedCascade).run(settings);
  const [nation] = coverage;
  if (!nation) throw new Error('The cascade has no tree');
  const { practices, confirmed, passedOn, silent, unreachable, closed } = nation;
  return {
    from: LondonTime.fromInstant(from).isoLocal(),
    until: window.cutoff.isoLocal(),
    script,
    answers,
    escalations,
    days: await app.get(CascadeReports).days(id),
    coverage: { practices, confirmed, passedOn, silent, unreachable, closed },
    seconds: Math.round((performance.now() - started) / 10) / 100,
  };
}

/** For a person at the terminal. */
export function cascadeSimulationLines({ days, coverage, escalations }: CascadeSimulation): string[] {
  const { practices, confirmed, passedOn, silent, unreachable } = coverage;
  return [
    table(
      ['day', 'acknowledged', 'passed on', 'declined', 'taken further', 'practices told', 'confirmed'],
      days.map((day) => [
        day.day,
        day.acknowledged,
        day.passedOn,
        day.declined,
        day.takenFurther,
        day.practicesTold,
        day.practicesConfirmed,
      ]),
    ),
    `Of ${practices} practices ${confirmed} would have confirmed, ${passedOn} more would have been passed the message, ${silent} would stay silent and ${unreachable} unreachable. ${escalations} emails would be written because nobody acted.`,
  ];
}
