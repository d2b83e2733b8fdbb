import { type CoverageRow, DEFAULT_ESCALATION } from '../cascades/index.js';
import { parseCalendarDate } from '../shared/london-time.js';
import { WorkingCalendar } from '../shared/working-calendar.js';
import { coverageChart, heatRow, nextRung } from './cascade.rules.js';

const day = (text: string) => parseCalendarDate(text);
const calendar = new WorkingCalendar([]);

describe('the heat table', () => {
  it('says how many and which share, and shades by quarters', () => {
    const row = {
      level: 'region',
      regionCode: 'Y56',
      practices: 8,
      confirmed: 4,
      passedOn: 3,
      silent: 1,
      unreachable: 0,
    };
    const { cells, code } = heatRow(row as CoverageRow);
    expect(code).toBe('Y56');
    expect(cells).toEqual([
      { count: 4, percent: 50, shade: 2, good: true },
      { count: 3, percent: 38, shade: 2, good: true },
      { count: 1, percent: 13, shade: 1, good: false },
      { count: 0, percent: 0, shade: 0, good: false },
    ]);
  });

  it('claims no share of no practices', () => {
    const row = { level: 'region', practices: 0, confirmed: 0, passedOn: 0, silent: 0, unreachable: 0 };
    expect(heatRow(row as CoverageRow).cells.map(({ percent }) => percent)).toEqual([null, null, null, null]);
  });
});

describe('what happens next to somebody silent', () => {
  // Monday, 9am in London.
  const asked = new Date('2026-09-07T08:00:00Z');
  const line = { kind: 'commissioner' as const, rung: 0, rungAt: null, askedAt: asked, state: 'sent' as const };
  it.each<[string, Partial<Parameters<typeof nextRung>[0]>, string | undefined, string | undefined]>([
    ['the deputies after ten working hours', {}, 'its deputies are written to', '2026-09-08T08:00:00.000Z'],
    [
      'the deputies at once where nothing arrives',
      { state: 'undeliverable' },
      'its deputies are written to',
      '2026-09-07T08:00:00.000Z',
    ],
    [
      'the region, counted from the step before',
      { rung: 1, rungAt: new Date('2026-09-08T08:00:00Z') },
      'its region is written to',
      '2026-09-09T08:00:00.000Z',
    ],
    ['nothing after the last step', { rung: 3 }, undefined, undefined],
    ['nothing for a practice', { kind: 'practice' }, undefined, undefined],
  ])('is %s', (_, more, what, at) => {
    const next = nextRung({ ...line, ...more }, DEFAULT_ESCALATION, calendar);
    expect(next?.what).toBe(what);
    expect(next?.at.toISOString()).toBe(at);
  });
});

describe('the curve of coverage', () => {
  const points = [
    { day: '2026-09-08', passedOn: 5, confirmed: 1 },
    { day: '2026-09-10', passedOn: 9, confirmed: 4 },
  ];
  it('has a point for each day, also those on which nothing happened', () => {
    const chart = coverageChart(points, { from: day('2026-09-07'), until: day('2026-09-11'), practices: 12 });
    expect(chart?.rows.map((row) => row.slice(1))).toEqual([
      ['0', '0'],
      ['5', '1'],
      ['5', '1'],
      ['9', '4'],
      ['9', '4'],
    ]);
  });

  it('is not drawn on the first day', () => {
    expect(coverageChart(points, { from: day('2026-09-07'), until: day('2026-09-07'), practices: 12 })).toBeUndefined();
  });
});
