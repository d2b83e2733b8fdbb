import { type Told, type ToldDates, wrongDatesOf } from './correction.rules.js';

const at = (hour: number): Date => new Date(Date.UTC(2026, 8, 10, hour));
const dates = (cutoff: string): ToldDates => ({ cutoff, reopening: '2026-09-23', pcse: '2026-09-28' });
const FIRST = dates('2026-09-16T12:00');
const SECOND = dates('2026-09-17T12:00');
const stale = (hour: number, told: ToldDates): Told['stale'] => ({ at: at(hour), dates: told });

describe('the wrong dates that somebody holds to be true', () => {
  it.each<[string, readonly Told[], ToldDates | undefined]>([
    ['nobody told them anything', [], undefined],
    ['they were told the dates of now alone', [{ stale: null, currentAt: at(9) }], undefined],
    ['they were told others', [{ stale: stale(9, FIRST), currentAt: null }], FIRST],
    ['they were corrected since', [{ stale: stale(9, FIRST), currentAt: at(10) }], undefined],
    ['they were told others after the right ones', [{ stale: stale(10, SECOND), currentAt: at(9) }], SECOND],
    ['right and wrong came at one instant: right wins', [{ stale: stale(9, FIRST), currentAt: at(9) }], undefined],
    [
      'two accounts were told different ones: the newer',
      [
        { stale: stale(11, SECOND), currentAt: null },
        { stale: stale(9, FIRST), currentAt: null },
      ],
      SECOND,
    ],
    [
      'one account was told wrong and the other right later',
      [
        { stale: stale(9, FIRST), currentAt: null },
        { stale: null, currentAt: at(10) },
      ],
      undefined,
    ],
  ])('%s', (_, told, expected) => {
    const ids = told.map((_told, i) => `U${i}`);
    const known = new Map(told.map((one, i) => [`U${i}`, one]));
    expect(wrongDatesOf(['U99', ...ids], known)).toEqual(expected);
  });
});
