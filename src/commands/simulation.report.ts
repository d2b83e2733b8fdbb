import { type CampaignRow } from '../campaigns/index.js';
import { type DeclarationWindow, type OrganisationBlockers } from '../deadlines/index.js';
import { type Readiness } from '../segments/index.js';
import { formatDateTime, formatLongDate, formatTimeOfDay, LondonTime } from '../shared/london-time.js';
import { readinessByKind } from './readiness.counts.js';
import { type Outcomes, type StepTotals } from './simulation.repository.js';
import { type RunResult } from './simulation.run.js';
import { type Scenario } from './simulation.scenario.js';
import { table } from './terminal.js';

export interface CalendarEntry {
  /** Europe/London. */
  readonly day: string;
  readonly time: string;
  readonly campaign: string;
  readonly kind: string;
  readonly step: string;
  /** A state of messages, `waiting` for the mail server, `skipped` as a whole, or what CQRS reported. */
  readonly what: string;
  readonly reason: string | null;
  readonly messages: number;
  readonly people: number;
  readonly practices: number;
  readonly commissioners: number;
}

export interface ReminderLine {
  readonly campaign: string;
  readonly step: string;
  readonly dueAt: string;
  readonly state: string;
  readonly approved: number;
  readonly sent: number;
  /** Emails that were approved and did not leave, because nothing was left to do for those who would have got them. */
  readonly workDone: number;
  readonly expired: number;
}

export interface SimulationReport {
  readonly window: { readonly id: string; readonly name: string; readonly cutoff: string; readonly pcse: string };
  readonly from: string;
  readonly until: string;
  readonly scenario: string;
  readonly notes: readonly string[];
  readonly campaigns: readonly { readonly name: string; readonly kind: string; readonly state: string }[];
  readonly calendar: readonly CalendarEntry[];
  readonly reminders: readonly ReminderLine[];
  readonly missed: {
    readonly practices: number;
    readonly waitingForPractice: number;
    readonly waitingForCommissioner: number;
    readonly organisations: readonly { readonly code: string; readonly blockedBy: string }[];
  };
  /** Messages by their last state. */
  readonly messages: Readonly<Record<string, number>>;
  readonly afterCutoff: { readonly messages: number; readonly people: number; readonly practices: number };
  readonly readiness: Readonly<Record<string, { readonly ready: number; readonly atRisk: number }>>;
  readonly seconds: number;
}

export interface SimulationFacts {
  readonly window: DeclarationWindow;
  readonly from: Date;
  readonly scenario: Scenario;
  readonly run: RunResult;
  readonly campaigns: readonly CampaignRow[];
  readonly outcomes: readonly Outcomes[];
  readonly steps: readonly StepTotals[];
  readonly readiness: readonly Readiness[];
  readonly seconds: number;
}

export function reportOf(facts: SimulationFacts): SimulationReport {
  const { window, from, scenario, run, outcomes } = facts;
  return {
    window: { id: window.id, name: window.name, cutoff: window.cutoff.isoLocal(), pcse: window.pcse.isoLocal() },
    from: LondonTime.fromInstant(from).isoLocal(),
    until: window.pcse.isoLocal(),
    scenario: scenario.name,
    notes: run.notes,
    campaigns: facts.campaigns.map(({ name, kind, state }) => ({ name, kind, state })),
    calendar: calendarOf(facts),
    reminders: remindersOf(facts),
    missed: missedOf(run.missed),
    messages: sums(outcomes.map(({ state, messages }) => [state, messages])),
    afterCutoff: afterCutoffOf(facts),
    readiness: readinessByKind(facts.readiness),
    seconds: facts.seconds,
  };
}

function calendarOf({ run, campaigns, outcomes, steps }: SimulationFacts): CalendarEntry[] {
  const byId = new Map(campaigns.map((campaign) => [campaign.id, campaign]));
  const nobody = { messages: 0, people: 0, practices: 0, commissioners: 0 };
  const place = (at: Date, campaignId: string | null) => {
    const { date, timeOfDay } = LondonTime.fromInstant(at);
    const campaign = campaignId === null ? undefined : byId.get(campaignId);
    return {
      day: date,
      time: timeOfDay,
      campaign: campaign?.name ?? '',
      kind: campaign?.kind ?? '',
      step: '',
      reason: null,
    };
  };
  return [
    ...outcomes.map(({ campaignId, at, state, step, reason, messages, people, practices, commissioners }) => ({
      ...place(at, campaignId),
      ...{ step, what: state, reason, messages, people, practices, commissioners },
    })),
    ...steps
      .filter(({ state, handledAt }) => state === 'skipped' && handledAt !== null)
      .map(({ campaignId, step, note, handledAt, dueAt }) => ({
        ...place(handledAt ?? dueAt, campaignId),
        ...{ step, what: 'skipped', reason: note, ...nobody },
      })),
    ...run.waits.map(({ at, messages }) => ({ ...place(at, null), what: 'waiting', ...nobody, messages })),
    ...run.deeds.map(({ at, deed, declarations }) => ({
      ...place(at, null),
      ...{ what: deed, reason: `${declarations} declarations`, ...nobody },
    })),
  ].sort((a, b) => `${a.day}${a.time}`.localeCompare(`${b.day}${b.time}`));
}

function remindersOf({ campaigns, outcomes, steps }: SimulationFacts): ReminderLine[] {
  const reminders = new Map(campaigns.filter(({ kind }) => kind === 'payment-reminder').map((row) => [row.id, row]));
  return steps.flatMap(({ campaignId, step, label, dueAt, state, approved, planned }) => {
    const campaign = reminders.get(campaignId);
    if (!campaign) return [];
    const own = outcomes.filter((row) => row.campaignId === campaignId && row.step === step);
    const count = (wanted: string) =>
      own.filter((row) => row.state === wanted).reduce((sum, { messages }) => sum + messages, 0);
    return {
      campaign: campaign.name,
      step: label,
      dueAt: LondonTime.fromInstant(dueAt).isoLocal(),
      state,
      approved,
      sent: count('accepted'),
      workDone: state === 'dispatched' ? approved - planned + count('cancelled') : 0,
      expired: count('expired'),
    };
  });
}

function missedOf(missed: readonly OrganisationBlockers[]): SimulationReport['missed'] {
  return {
    practices: missed.length,
    waitingForPractice: missed.filter(({ practice }) => practice).length,
    waitingForCommissioner: missed.filter(({ commissioner }) => commissioner).length,
    organisations: missed.map(({ organisationCode, blockedBy }) => ({ code: organisationCode, blockedBy })),
  };
}

function afterCutoffOf({ campaigns, outcomes }: SimulationFacts): SimulationReport['afterCutoff'] {
  const ids = new Set(campaigns.filter(({ kind }) => kind === 'after-cutoff').map(({ id }) => id));
  const rows = outcomes.filter(({ campaignId, state }) => ids.has(campaignId) && state === 'accepted');
  const sum = (key: 'messages' | 'people' | 'practices') => rows.reduce((total, row) => total + row[key], 0);
  return { messages: sum('messages'), people: sum('people'), practices: sum('practices') };
}

function sums(entries: readonly (readonly [string, number])[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [key, count] of entries) total[key] = (total[key] ?? 0) + count;
  return total;
}

/** The report for a person at the terminal. */
export function simulationLines(report: SimulationReport): string[] {
  const { window, calendar, reminders, missed, afterCutoff, readiness } = report;
  const number = (count: number): string => count.toLocaleString('en-GB');
  const days = [...new Set(calendar.map(({ day }) => day))];
  return [
    `${window.name}, ${report.scenario}: from ${formatDateTime(LondonTime.parse(report.from))} to ${formatDateTime(LondonTime.parse(report.until))}`,
    ...report.notes.map((note) => `Note: ${note}.`),
    ...days.flatMap((day) => [
      '',
      `── ${formatLongDate(LondonTime.parse(`${day}T12:00`))} ──`,
      table(
        ['time', 'what', 'emails', 'people', 'practices', 'commissioners'],
        calendar
          .filter((entry) => entry.day === day)
          .map((entry) => [
            formatTimeOfDay(LondonTime.parse(`${day}T${entry.time.slice(0, 5)}`)),
            [entry.campaign, entry.step === 'launch' ? '' : entry.step, entry.what, entry.reason]
              .filter(Boolean)
              .join(', '),
            entry.messages,
            entry.people,
            entry.practices,
            entry.commissioners,
          ]),
      ),
    ]),
    '',
    '── Reminders ──',
    table(
      ['reminder', 'approved', 'sent', 'work was done', 'expired'],
      reminders.map((row) => [`${row.step} (${row.state})`, row.approved, row.sent, row.workDone, row.expired]),
    ),
    '',
    `Missed the cutoff: ${number(missed.practices)} practices (${number(missed.waitingForPractice)} had something to declare, ${number(missed.waitingForCommissioner)} waited for their commissioner).`,
    `Told of the next opportunity: ${number(afterCutoff.people)} people of ${number(afterCutoff.practices)} practices, in ${number(afterCutoff.messages)} emails.`,
    `At risk after the sign-in change: ${Object.entries(readiness)
      .map(([kind, { ready, atRisk }]) => `${number(atRisk)} of ${number(ready + atRisk)} ${kind}s`)
      .join(', ')}.`,
    `Simulated in ${report.seconds.toFixed(1)} s. Nothing was sent and nothing was changed.`,
  ];
}
