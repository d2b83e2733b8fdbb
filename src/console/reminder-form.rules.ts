import { z } from 'zod';
import { type ReminderPolicy, type ReminderStep } from '../deadlines/index.js';
import { type Fault } from './form.faults.js';
import { manyOf } from './form.text.js';

/** The steps of a policy as a form takes them: one row for each, and blank ones to add more. */
export interface TypedStep {
  readonly id: string;
  readonly label: string;
  readonly kind: string;
  readonly number: string;
  readonly time: string;
  readonly removed: boolean;
}

const cell = manyOf(z.string().trim().max(100));
export const typedStepsSchema = z
  .object({ id: cell, label: cell, kind: cell, number: cell, time: cell, removed: cell })
  .transform(({ id, label, kind, number, time, removed }): TypedStep[] =>
    kind.map((each, row) => ({
      id: id[row] ?? '',
      label: label[row] ?? '',
      kind: each,
      number: number[row] ?? '',
      time: time[row] ?? '',
      removed: removed.includes(String(row)),
    })),
  );

const BLANK: TypedStep = { id: '', label: '', kind: 'working-days-before', number: '', time: '09:00', removed: false };

/** The rows of a policy with `blanks` to add steps. The form needs two rows at least: browsers send one as a bare text. */
export function typedStepsOf(policy: ReminderPolicy, blanks: number): TypedStep[] {
  const rows = policy.steps.map((step) => ({
    id: step.id,
    label: step.label,
    kind: step.kind,
    number: String(step.kind === 'hours-before' ? step.hours : step.days),
    time: step.kind === 'hours-before' ? '' : step.at,
    removed: false,
  }));
  return withBlanks(rows, blanks);
}

export function withBlanks(rows: readonly TypedStep[], blanks: number): TypedStep[] {
  const wanted = Math.max(2 - rows.length, blanks);
  return [...rows, ...new Array<TypedStep>(wanted).fill(BLANK)];
}

/** The steps as the deadlines take them, or what is wrong with them, by the field of each row. */
export function stepsOf(rows: readonly TypedStep[]): { steps: ReminderStep[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const steps: ReminderStep[] = [];
  const rowOf = new Map<string, number>();
  for (const [row, typed] of rows.entries()) {
    if (typed.removed || (typed.number === '' && typed.id === '')) continue;
    const step = typed.kind === 'hours-before' ? hoursOf(typed, row, faults) : daysOf(typed, row, faults);
    if (!step) continue;
    const place = step.kind === 'hours-before' ? `${step.hours} hours` : `${step.days} days ${step.at}`;
    const twin = rowOf.get(place);
    if (twin !== undefined)
      faults.push({ field: `number-${row}`, message: `Reminder ${row + 1}: it is the same as reminder ${twin + 1}` });
    rowOf.set(place, row);
    const taken = steps.some(({ id }) => id === step.id);
    steps.push(
      taken && step.kind !== 'hours-before' ? { ...step, id: `${step.id}-${step.at.replace(':', '')}` } : step,
    );
  }
  return { steps, faults };
}

function daysOf(typed: TypedStep, row: number, faults: Fault[]): ReminderStep | undefined {
  const days = Number(typed.number);
  if (!/^\d+$/.test(typed.number) || days < 1 || days > 60)
    faults.push({ field: `number-${row}`, message: `Reminder ${row + 1}: enter working days from 1 to 60` });
  const at = typed.time.padStart(5, '0');
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(at))
    faults.push({ field: `time-${row}`, message: `Reminder ${row + 1}: enter a time like 09:00` });
  if (faults.some(({ field }) => field.endsWith(`-${row}`))) return undefined;
  const kept = typed.id !== '' && typed.label.startsWith(`${days} `);
  return {
    kind: 'working-days-before',
    days,
    at,
    id: kept || isMorningBefore(typed, days) ? typed.id : `${days}-working-days`,
    label: kept || isMorningBefore(typed, days) ? typed.label : `${days} working ${days === 1 ? 'day' : 'days'} before`,
  };
}

function hoursOf(typed: TypedStep, row: number, faults: Fault[]): ReminderStep | undefined {
  const hours = Number(typed.number);
  if (typed.number === '' || !(hours > 0 && hours <= 240)) {
    faults.push({ field: `number-${row}`, message: `Reminder ${row + 1}: enter hours from 1 to 240` });
    return undefined;
  }
  const id = `${String(hours).replace('.', '-')}-hours`;
  return { kind: 'hours-before', hours, id, label: `${hours} ${hours === 1 ? 'hour' : 'hours'} before` };
}

function isMorningBefore({ id }: TypedStep, days: number): boolean {
  return days === 1 && id === 'morning-before';
}
