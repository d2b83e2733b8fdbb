import { z } from 'zod';
import { type DeclarationWindow, type WindowTimes } from '../deadlines/index.js';
import { InvalidInputError } from '../shared/errors.js';
import { LondonTime, parseCalendarDate } from '../shared/london-time.js';
import { type Fault } from './form.faults.js';
import { typedDay } from './form.text.js';

/** The times of a window as a form takes them: three fields for the date, one for the time. */
const NAMES = ['cutoff', 'reopening', 'pcse', 'signInChange'] as const satisfies readonly (keyof WindowTimes)[];
type Name = (typeof NAMES)[number];
type Part = 'day' | 'month' | 'year' | 'time';
type Field = `${Name}-${Part}`;
export type TypedTimes = Readonly<Record<Field, string>>;

const PARTS: Readonly<Record<Part, number>> = { day: 2, month: 2, year: 4, time: 5 };
const FIELDS = NAMES.flatMap((name) =>
  Object.entries(PARTS).map(([part, length]) => [`${name}-${part}` as Field, length] as const),
);

export const typedTimesSchema = z.object(
  Object.fromEntries(FIELDS.map(([field, length]) => [field, z.string().trim().max(length).default('')])) as Record<
    Field,
    z.ZodDefault<z.ZodString>
  >,
);

const WORDS: Readonly<Record<Name, string>> = {
  cutoff: 'The cutoff',
  reopening: 'The reopening',
  pcse: 'The PCSE date',
  signInChange: 'The change of sign-in',
};

export function blankTimes(): TypedTimes {
  const usual: Partial<Record<Field, string>> = {
    'cutoff-time': '12:00',
    'reopening-time': '08:00',
    'pcse-time': '08:00',
    'signInChange-time': '08:00',
  };
  return Object.fromEntries(FIELDS.map(([field]) => [field, usual[field] ?? ''])) as Record<Field, string>;
}

export function typedTimesOf(window: DeclarationWindow): TypedTimes {
  const typed: Partial<Record<Field, string>> = {};
  for (const name of NAMES) {
    const [date, time = ''] = window[name]?.isoLocal().split('T') ?? [];
    if (date === undefined) continue;
    const [year = '', month = '', day = ''] = date.split('-');
    Object.assign(typed, {
      [`${name}-day`]: String(Number(day)),
      [`${name}-month`]: String(Number(month)),
      [`${name}-year`]: year,
      [`${name}-time`]: time,
    });
  }
  return { ...blankTimes(), ...typed };
}

/** The dates of a window in the words of its pages. */
export const MOMENTS = [
  ['cutoff', 'Cutoff'],
  ['reopening', 'CQRS reopens'],
  ['pcse', 'Payments go to PCSE'],
  ['signInChange', 'Sign-in changes'],
] as const satisfies readonly (readonly [Name, string])[];

/** What a form gave, as London's clocks. */
export function clocksOf({ cutoff, reopening, pcse, signInChange }: Times): WindowTimes {
  return {
    cutoff: LondonTime.parse(cutoff),
    reopening: LondonTime.parse(reopening),
    pcse: LondonTime.parse(pcse),
    signInChange: signInChange === null ? null : LondonTime.parse(signInChange),
  };
}

interface Times {
  readonly cutoff: string;
  readonly reopening: string;
  readonly pcse: string;
  readonly signInChange: string | null;
}

/** The times as the deadlines take them, or what is wrong with them, under the day field of each date. */
export function windowTimesOf(typed: TypedTimes): { times?: Times; faults: Fault[] } {
  const faults: Fault[] = [];
  const read = (name: Name): LondonTime | undefined => {
    try {
      return timeOf(typed, name);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      faults.push({
        field: `${name}-day`,
        message: `${WORDS[name]}: enter a real date with its year, and a time like 12:00`,
      });
      return undefined;
    }
  };
  const cutoff = read('cutoff');
  const reopening = read('reopening');
  const pcse = read('pcse');
  const isBlank = ['day', 'month', 'year'].every((part) => typed[`signInChange-${part as Part}`] === '');
  const signInChange = isBlank ? undefined : read('signInChange');
  if (cutoff && reopening && reopening.toInstant() <= cutoff.toInstant())
    faults.push({ field: 'reopening-day', message: 'The reopening must be after the cutoff' });
  if (reopening && pcse && pcse.toInstant() < reopening.toInstant())
    faults.push({ field: 'pcse-day', message: 'The PCSE date must not be before the reopening' });
  if (faults.length > 0 || !cutoff || !reopening || !pcse) return { faults };
  return {
    times: {
      cutoff: cutoff.isoLocal(),
      reopening: reopening.isoLocal(),
      pcse: pcse.isoLocal(),
      signInChange: signInChange?.isoLocal() ?? null,
    },
    faults,
  };
}

function timeOf(typed: TypedTimes, name: Name): LondonTime {
  const date = typedDay(typed[`${name}-year`], typed[`${name}-month`], typed[`${name}-day`]);
  return LondonTime.at(parseCalendarDate(date), typed[`${name}-time`].padStart(5, '0'));
}
