import { type DeclarationWindow } from '../deadlines/index.js';
import { escapeHtml } from '../shared/html-text.js';
import { addDays, type CalendarDate, formatLongDate, LondonTime, parseCalendarDate } from '../shared/london-time.js';
import { type WorkingCalendar } from '../shared/working-calendar.js';
import { type Chart, drawing, WIDTH } from './chart.js';
import { type SimulationEvent, type SimulationReport } from './simulation.report.js';
import { MESSAGE_STATE_TAGS } from './words.js';

/** What happens to one step of one campaign on one day in one way. */
export interface SimulatedLine {
  readonly day: string;
  readonly from: string;
  readonly until: string;
  readonly campaign: string;
  readonly what: string;
  readonly reason: string | null;
  /** Emails that leave, emails that do not, or something that others do. */
  readonly sign: 'sent' | 'unsent' | 'deed';
  readonly messages: number;
  readonly people: number;
  readonly practices: number;
  readonly commissioners: number;
}

const OTHER_WORDS: Readonly<Record<string, string>> = {
  accepted: 'Sent',
  waiting: 'Waits for the mail server',
  skipped: 'Step left out',
  declare: 'Practices declare',
  approve: 'Commissioners approve',
  'financially-approve': 'Commissioners financially approve',
};

const DEEDS: readonly string[] = ['declare', 'approve', 'financially-approve'];

/** The events of a report, those of one day that differ in their time alone added up; in the order of time. */
export function linesOf({ calendar }: Pick<SimulationReport, 'calendar'>): SimulatedLine[] {
  const lines = new Map<string, SimulatedLine>();
  for (const event of calendar) {
    const what = whatWords(event);
    const key = JSON.stringify([event.day, event.campaign, event.step, what, event.reason]);
    const line = lines.get(key);
    const time = event.time.slice(0, 5);
    lines.set(key, {
      day: event.day,
      from: line?.from ?? time,
      until: time,
      campaign: laneOf(event),
      what,
      reason: event.reason,
      sign: DEEDS.includes(event.what) ? 'deed' : event.what === 'accepted' ? 'sent' : 'unsent',
      messages: (line?.messages ?? 0) + event.messages,
      people: (line?.people ?? 0) + event.people,
      practices: (line?.practices ?? 0) + event.practices,
      commissioners: (line?.commissioners ?? 0) + event.commissioners,
    });
  }
  return [...lines.values()];
}

function laneOf({ campaign, what }: SimulationEvent): string {
  if (DEEDS.includes(what)) return 'What practices and commissioners do';
  return campaign === '' ? 'The mail server' : campaign;
}

function whatWords({ what, step }: SimulationEvent): string {
  const words =
    OTHER_WORDS[what] ??
    (MESSAGE_STATE_TAGS as Readonly<Record<string, { readonly text: string }>>)[what]?.text ??
    what;
  return step === '' || step === 'launch' ? words : `${words} (${step.replaceAll('-', ' ')})`;
}

const LANE = 48;
const TOP = 40;
const EDGE = 20;

/**
 * A lane for each campaign and one for what others do. Discs are what is sent, the larger the more; crosses what is not
 * sent; squares what others do.
 */
export function timeline(
  report: SimulationReport,
  window: DeclarationWindow,
  calendar: WorkingCalendar,
): Chart | undefined {
  const lines = linesOf(report);
  if (lines.length === 0) return undefined;
  const first = parseCalendarDate(report.from.slice(0, 10));
  const last = parseCalendarDate(report.until.slice(0, 10));
  const days: CalendarDate[] = [];
  for (let day = first; day <= last; day = addDays(day, 1)) days.push(day);
  const start = LondonTime.at(first, '00:00').toInstant().getTime();
  const end = LondonTime.at(addDays(last, 1), '00:00').toInstant().getTime();
  const x = (at: LondonTime): number =>
    Math.round(EDGE + ((at.toInstant().getTime() - start) / (end - start)) * (WIDTH - 2 * EDGE));
  const own = lines.filter(({ sign }) => sign !== 'deed');
  const names = [...new Set([...own, ...lines].map(({ campaign }) => campaign))];
  const floor = TOP + names.length * LANE;
  const most = Math.max(1, ...own.map(({ messages }) => messages));
  const title = 'What happens when, from now to the day on which payments go to PCSE (London time)';
  return {
    title,
    svg: drawing(title, floor + 40, [
      ...days
        .filter((day) => !calendar.isWorkingDay(day))
        .map((day) => {
          const left = x(LondonTime.at(day, '00:00'));
          const right = x(LondonTime.at(addDays(day, 1), '00:00'));
          return `<rect class="app-chart__off" x="${left}" y="${TOP - 8}" width="${right - left}" height="${floor - TOP + 8}"/>`;
        }),
      ...names.map(
        (name, i) =>
          `<line class="app-chart__grid" x1="${EDGE}" x2="${WIDTH - EDGE}" y1="${TOP + i * LANE + 32}" y2="${TOP + i * LANE + 32}"/>` +
          `<text x="${EDGE}" y="${TOP + i * LANE + 12}">${escapeHtml(name.length > 60 ? `${name.slice(0, 59)}…` : name)}</text>`,
      ),
      ...marksOf(window).map(
        ([at, text, anchor]) =>
          `<line class="app-chart__mark" x1="${x(at)}" x2="${x(at)}" y1="${TOP - 16}" y2="${floor}"/>` +
          `<text x="${x(at)}" y="${TOP - 22}" text-anchor="${anchor}">${text}</text>`,
      ),
      ...lines.map((line) => {
        const cx = x(LondonTime.parse(`${line.day}T${line.from}`));
        const cy = TOP + names.indexOf(line.campaign) * LANE + 32;
        return SIGNS[line.sign](cx, cy, Math.round(4 + 8 * Math.sqrt(line.messages / most)));
      }),
      `<line class="app-chart__axis" x1="${EDGE}" x2="${WIDTH - EDGE}" y1="${floor}" y2="${floor}"/>`,
      `<text x="${EDGE}" y="${floor + 24}">${shortDay(first)}</text>`,
      `<text x="${WIDTH - EDGE}" y="${floor + 24}" text-anchor="end">${shortDay(last)}</text>`,
    ]),
    head: [
      'When',
      'Campaign',
      'What',
      ...['Emails', 'People', 'Practices'].map((text) => ({ text, number: true as const })),
    ],
    rows: lines.map((line) => [
      `${shortDay(parseCalendarDate(line.day))}, ${line.from}${line.until === line.from ? '' : ` to ${line.until}`}`,
      line.campaign,
      [line.what, line.reason].filter(Boolean).join(': '),
      ...[line.messages, line.people, line.practices].map((count) => count.toLocaleString('en-GB')),
    ]),
  };
}

const SIGNS: Readonly<Record<SimulatedLine['sign'], (x: number, y: number, r: number) => string>> = {
  sent: (x, y, r) => `<circle class="app-chart__disc" cx="${x}" cy="${y}" r="${r}"/>`,
  unsent: (x, y) => `<path class="app-chart__cross" d="M${x - 5} ${y - 5}l10 10m0 -10l-10 10"/>`,
  deed: (x, y) => `<rect class="app-chart__deed" x="${x - 5}" y="${y - 5}" width="10" height="10"/>`,
};

function marksOf({ cutoff, reopening, pcse }: DeclarationWindow): [LondonTime, string, 'middle' | 'end'][] {
  return [
    [cutoff, 'Cutoff', 'middle'],
    [reopening, 'Reopening', 'middle'],
    [pcse, 'PCSE', 'end'],
  ];
}

function shortDay(day: CalendarDate): string {
  const [weekday = '', number = '', month = ''] = formatLongDate(day).split(' ');
  return `${weekday.slice(0, 3)} ${number} ${month.slice(0, 3)}`;
}
