import { type AllDates, type Told, type ToldDates, wrongDatesOf } from './correction.rules.js';

const at = (hour: number): Date => new Date(Date.UTC(2026, 8, 10, hour));
const dates = (cutoff: string): ToldDates => ({ cutoff, reopening: '2026-09-23', pcse: '2026-09-28' });
const FIRST = dates('2026-09-16T12:00');
const SECOND = dates('2026-09-17T12:00');
const NOW = dates('2026-09-18T12:00');
const NOTHING = { stale: null, currentAt: null };
const payment = (staleAt: number | null, said: ToldDates, currentAt: number | null = null): Told => ({
  payment: {
    stale: staleAt === null ? null : { at: at(staleAt), said },
    currentAt: currentAt === null ? null : at(currentAt),
  },
  signIn: NOTHING,
});
const signIn = (staleAt: number, said: string, currentAt: number | null = null): Told => ({
  payment: NOTHING,
  signIn: { stale: { at: at(staleAt), said }, currentAt: currentAt === null ? null : at(currentAt) },
});

describe('the wrong dates that somebody holds to be true', () => {
  it.each<[string, readonly Told[], AllDates | undefined]>([
    ['nobody told them anything', [], undefined],
    ['they were told the dates of now alone', [payment(null, FIRST, 9)], undefined],
    ['they were told others', [payment(9, FIRST)], FIRST],
    ['they were corrected since', [payment(9, FIRST, 10)], undefined],
    ['they were told others after the right ones', [payment(10, SECOND, 9)], SECOND],
    ['right and wrong came at one instant: right wins', [payment(9, FIRST, 9)], undefined],
    ['two accounts were told different ones: the newer', [payment(11, SECOND), payment(9, FIRST)], SECOND],
    ['one account was told wrong and the other right later', [payment(9, FIRST), payment(null, FIRST, 10)], undefined],
    [
      'only the day of the sign-in change was another one',
      [payment(null, FIRST, 9), signIn(9, '2026-09-21')],
      { ...dates('2026-09-18T12:00'), signInChange: '2026-09-21' },
    ],
    ['that was corrected since', [signIn(9, '2026-09-21', 10)], undefined],
    [
      'payment and sign-in were both other ones',
      [payment(9, FIRST), signIn(8, '2026-09-21')],
      { ...FIRST, signInChange: '2026-09-21' },
    ],
  ])('%s', (_, told, expected) => {
    const ids = told.map((_told, i) => `U${i}`);
    const known = new Map(told.map((one, i) => [`U${i}`, one]));
    expect(wrongDatesOf(['U99', ...ids], known, NOW)).toEqual(expected);
  });
});
