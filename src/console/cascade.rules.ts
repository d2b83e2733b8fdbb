import { type CoverageRow, type EscalationPolicy, type NextRung } from '../cascades/index.js';
import { addDays, type CalendarDate } from '../shared/london-time.js';
import { ESCALATION_CAUSE_WORDS, ESCALATION_WORDS } from './cascade.words.js';
import { type Chart, linesChart } from './chart.js';

const COLUMNS = ['confirmed', 'passedOn', 'silent', 'unreachable'] as const;
const DAYS_SHOWN = 100;

/** A cell of the heat table: how many, which share of all practices, and how strong its shade is (0 to 4). */
export interface HeatCell {
  readonly count: number;
  /** In whole percent of the practices; null where there is none. */
  readonly percent: number | null;
  readonly shade: 0 | 1 | 2 | 3 | 4;
  /** Whether much of it is good news. */
  readonly good: boolean;
}

export interface HeatRow extends CoverageRow {
  readonly code: string | null;
  readonly cells: readonly HeatCell[];
}

/** Confirmed, passed on, silent and unreachable, as shares of the practices that a row counts. */
export function heatRow(row: CoverageRow): HeatRow {
  const cells = COLUMNS.map((column): HeatCell => {
    const share = row.practices === 0 ? 0 : row[column] / row.practices;
    return {
      count: row[column],
      percent: row.practices === 0 ? null : Math.round(share * 100),
      shade: Math.ceil(share * 4) as HeatCell['shade'],
      good: column === 'confirmed' || column === 'passedOn',
    };
  });
  return { ...row, cells, code: row.level === 'commissioner' ? row.commissionerCode : row.regionCode };
}

/** What the service does next about somebody who does not act. */
export function nextWords({ target, cause, dueAt }: NextRung) {
  return { what: ESCALATION_WORDS[target], why: ESCALATION_CAUSE_WORDS[cause], at: dueAt };
}

/** A policy in a few sentences for those who are about to start a cascade. */
export function policyWords({ answerWithinHours, commissioner, notPassedOn }: EscalationPolicy): string {
  return [
    `An answer is asked for within ${answerWithinHours} working hours.`,
    ladderWords('When a commissioner stays silent', commissioner),
    ladderWords('When it answers and does not pass the message on', notPassedOn.commissioner),
  ]
    .filter(Boolean)
    .join(' ');
}

function ladderWords(when: string, rungs: EscalationPolicy['commissioner']): string {
  const steps = rungs.map(
    ({ to, afterHours }, i) => `after ${afterHours}${i > 0 ? ' more' : ''}, ${ESCALATION_WORDS[to]}`,
  );
  return steps.length === 0 ? '' : `${when}, working hours are counted: ${steps.join('; ')}.`;
}

/** How many practices the message had reached by the end of each London day, from the day the tree was fixed. */
export function coverageChart(
  points: readonly { readonly day: string; readonly passedOn: number; readonly confirmed: number }[],
  { from, until, practices }: { readonly from: CalendarDate; readonly until: CalendarDate; readonly practices: number },
): Chart | undefined {
  const days: CalendarDate[] = [];
  for (let day = from; day <= until && days.length < DAYS_SHOWN; day = addDays(day, 1)) days.push(day);
  const upTo = (day: string, key: 'passedOn' | 'confirmed') =>
    points.filter((point) => point.day <= day).at(-1)?.[key] ?? 0;
  return linesChart(
    'Practices that the message has reached, by London day',
    days.map(shortDay),
    [
      { name: 'Passed on', values: days.map((day) => upTo(day, 'passedOn')) },
      { name: 'Confirmed', values: days.map((day) => upTo(day, 'confirmed')) },
    ],
    practices,
  );
}

function shortDay(day: CalendarDate): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
}
