import { type CoverageRow, DEFAULT_ESCALATION } from '../cascades/index.js';
import { parseCalendarDate } from '../shared/london-time.js';
import { coverageChart, heatRow, policyWords } from './cascade.rules.js';

const day = (text: string) => parseCalendarDate(text);

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

it('says a policy in words, silence and acknowledging without passing on apart', () => {
  expect(policyWords(DEFAULT_ESCALATION)).toBe(
    'An answer is asked for within 20 working hours. ' +
      'When a commissioner stays silent, working hours are counted: after 10, its deputies are written to; after 10 more, its region is written to; after 10 more, the CQRS team is written to. ' +
      'When it answers and does not pass the message on, working hours are counted: after 20, its deputies are written to; after 10 more, its region is written to; after 10 more, the CQRS team is written to.',
  );
  expect(policyWords({ ...DEFAULT_ESCALATION, commissioner: [], notPassedOn: { commissioner: [], region: [] } })).toBe(
    'An answer is asked for within 20 working hours.',
  );
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
