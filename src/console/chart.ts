import { escapeHtml } from '../shared/html-text.js';

/** A plot as inline SVG, with the same numbers as a table. */
export interface Chart {
  readonly title: string;
  readonly svg: string;
  readonly head: readonly (string | { readonly text: string; readonly number: true })[];
  readonly rows: readonly (readonly string[])[];
}

export interface Point {
  /** As the table and the axis show it. */
  readonly label: string;
  readonly value: number;
  /** Of `value`, the part that is bad news: drawn in red, counted in a column of its own. */
  readonly alarm?: number;
}

export const WIDTH = 640;
const LEFT = 56;
const RIGHT = 16;

/** A line over points that are equally far apart. @returns undefined where there is nothing to draw. */
export function lineChart(title: string, unit: string, points: readonly Point[]): Chart | undefined {
  if (points.length < 2) return undefined;
  const top = niceTop(Math.max(...points.map(({ value }) => value)));
  const height = 240;
  const floor = height - 32;
  const x = (index: number): number => LEFT + (index / (points.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => floor - (value / top) * (floor - 16);
  const line = points.map(({ value }, index) => `${round(x(index))},${round(y(value))}`).join(' ');
  return {
    title,
    svg: drawing(title, height, [
      ...gridOf([0, top / 2, top], y),
      `<polygon class="app-chart__area" points="${LEFT},${floor} ${line} ${WIDTH - RIGHT},${floor}"/>`,
      `<polyline class="app-chart__line" points="${line}"/>`,
      `<line class="app-chart__axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${floor}" y2="${floor}"/>`,
      ...labelsOf(
        points.map(({ label }) => label),
        x,
        height,
      ),
    ]),
    head: ['Time', { text: unit, number: true }],
    rows: points.map(({ label, value }) => [label, shown(value)]),
  };
}

export interface Series {
  readonly name: string;
  /** One for each label. */
  readonly values: readonly number[];
}

/** Up to three lines over labels that are equally far apart, told apart by their dashes. `top`: what the scale ends with. */
export function linesChart(
  title: string,
  labels: readonly string[],
  series: readonly Series[],
  top: number,
): Chart | undefined {
  if (labels.length < 2) return undefined;
  const height = 264;
  const ceiling = 56;
  const floor = height - 32;
  const x = (index: number): number => LEFT + (index / (labels.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => floor - (value / Math.max(1, top)) * (floor - ceiling);
  const lines = series.flatMap(({ name, values }, i) => [
    `<polyline class="app-chart__line app-chart__line--${i}" points="${values.map((value, at) => `${round(x(at))},${round(y(value))}`).join(' ')}"/>`,
    `<line class="app-chart__line app-chart__line--${i}" x1="${LEFT + i * 280}" x2="${LEFT + i * 280 + 40}" y1="20" y2="20"/>`,
    `<text x="${LEFT + i * 280 + 48}" y="25">${escapeHtml(name)}: ${shown(values.at(-1) ?? 0)}</text>`,
  ]);
  return {
    title,
    svg: drawing(title, height, [
      ...gridOf([0, Math.round(top / 2), top], y),
      ...lines,
      `<line class="app-chart__axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${floor}" y2="${floor}"/>`,
      ...labelsOf(labels, x, height),
    ]),
    head: ['Day', ...series.map(({ name }) => ({ text: name, number: true as const }))],
    rows: labels.map((label, at) => [label, ...series.map(({ values }) => shown(values[at] ?? 0))]),
  };
}

function gridOf(values: readonly number[], y: (value: number) => number): string[] {
  return values.map(
    (value) =>
      `<line class="app-chart__grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(value))}" y2="${round(y(value))}"/>` +
      `<text x="${LEFT - 8}" y="${round(y(value) + 5)}" text-anchor="end">${shown(value)}</text>`,
  );
}

function labelsOf(labels: readonly string[], x: (index: number) => number, height: number): string[] {
  return axisLabels(labels).map(
    ({ index, anchor }) =>
      `<text x="${round(x(index))}" y="${height - 10}" text-anchor="${anchor}">${escapeHtml(labels[index] ?? '')}</text>`,
  );
}

/** One bar for each point, with its numbers at the end of the bar. */
export function barChart(
  title: string,
  names: { readonly label: string; readonly value: string; readonly alarm: string },
  points: readonly Point[],
): Chart | undefined {
  if (points.length === 0) return undefined;
  const row = 36;
  const start = 220;
  const room = WIDTH - start - 120;
  const top = Math.max(1, ...points.map(({ value }) => value));
  const bars = points.flatMap(({ label, value, alarm = 0 }, index) => {
    const y = 8 + index * row;
    const width = round((value / top) * room);
    const red = round((alarm / top) * room);
    return [
      `<text x="${start - 8}" y="${y + 18}" text-anchor="end">${escapeHtml(shortened(label))}</text>`,
      `<rect class="app-chart__bar" x="${start}" y="${y}" width="${width}" height="24"/>`,
      ...(alarm > 0
        ? [`<rect class="app-chart__bar--alarm" x="${start}" y="${y}" width="${Math.max(2, red)}" height="24"/>`]
        : []),
      `<text x="${start + width + 8}" y="${y + 18}">${shown(alarm)} of ${shown(value)}</text>`,
    ];
  });
  return {
    title,
    svg: drawing(title, 12 + points.length * row, bars),
    head: [names.label, { text: names.value, number: true }, { text: names.alarm, number: true }],
    rows: points.map(({ label, value, alarm = 0 }) => [label, shown(value), shown(alarm)]),
  };
}

export function drawing(title: string, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}. The numbers are in the table below.">${parts.join('')}</svg>`;
}

/** First, middle and last: more would run into each other on a phone. */
function axisLabels(points: readonly unknown[]): { index: number; anchor: 'start' | 'middle' | 'end' }[] {
  const last = points.length - 1;
  const ends = [
    { index: 0, anchor: 'start' as const },
    { index: last, anchor: 'end' as const },
  ];
  return last < 4 ? ends : [...ends, { index: Math.round(last / 2), anchor: 'middle' as const }];
}

/** A round number not below the greatest value, and even, so that half of it is a whole number. */
function niceTop(greatest: number): number {
  if (greatest <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(greatest));
  const step = [1, 2, 4, 6, 8, 10].find((candidate) => candidate * power >= greatest) ?? 10;
  return step * power === 1 ? 2 : step * power;
}

function shown(value: number): string {
  return value.toLocaleString('en-GB');
}

function shortened(label: string): string {
  return label.length > 30 ? `${label.slice(0, 29)}…` : label;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
