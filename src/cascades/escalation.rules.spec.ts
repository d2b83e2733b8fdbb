import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FixedClock } from '../shared/clock.js';
import { LondonTime } from '../shared/london-time.js';
import { WorkingCalendar } from '../shared/working-calendar.js';
import {
  DEFAULT_ESCALATION,
  ESCALATION_PAST_COMMISSIONERS,
  type EscalationPolicy,
  type Owing,
  rungsDue,
} from './escalation.rules.js';

const calendar = WorkingCalendar.fromGovUk(
  JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'data', 'bank-holidays.json'), 'utf8')),
);
const at = (text: string): Date => LondonTime.parse(text).toInstant();
const silent = (over: Partial<Owing> = {}): Owing => ({
  code: '16C',
  kind: 'commissioner',
  state: 'delivered',
  since: at('2026-09-07T09:00'),
  rung: 0,
  rungAt: null,
  ...over,
});

/** Lets an hour at a time go by and takes every rung when it is due. */
function hourByHour(organisation: Owing, policy: EscalationPolicy, from: string, until: string): string[] {
  const clock = new FixedClock(at(from));
  let present = organisation;
  const taken: string[] = [];
  while (clock.now() <= at(until)) {
    for (const { rung, target } of rungsDue([present], policy, clock.now(), calendar)) {
      taken.push(`${LondonTime.fromInstant(clock.now()).isoLocal()} ${target}`);
      present = { ...present, rung, rungAt: clock.now() };
    }
    clock.advance(3_600_000);
  }
  return taken;
}

describe('escalation', () => {
  it('goes to the deputy, then the parent, then the CQRS team, a working day apart, and then ends', () => {
    expect(hourByHour(silent(), DEFAULT_ESCALATION, '2026-09-07T09:00', '2026-09-21T09:00')).toEqual([
      '2026-09-08T09:00 deputy',
      '2026-09-09T09:00 parent',
      '2026-09-10T09:00 team',
    ]);
  });

  it('goes past a silent commissioner to its practices when the policy says so', () => {
    expect(hourByHour(silent(), ESCALATION_PAST_COMMISSIONERS, '2026-09-07T09:00', '2026-09-21T09:00').at(-1)).toBe(
      '2026-09-10T09:00 practices',
    );
  });

  it('does nothing at a weekend, on a bank holiday and at night', () => {
    // Friday afternoon before the August bank holiday of Monday 31 August 2026.
    const asked = silent({ since: at('2026-08-28T15:00') });
    expect(hourByHour(asked, DEFAULT_ESCALATION, '2026-08-28T15:00', '2026-09-03T18:00')).toEqual([
      '2026-09-01T15:00 deputy',
      '2026-09-02T15:00 parent',
      '2026-09-03T15:00 team',
    ]);
  });

  it('does nothing outside sending hours, however late it is', () => {
    const long = silent({ since: at('2026-08-03T09:00') });
    for (const time of [
      '2026-09-12T11:00',
      '2026-09-13T11:00',
      '2026-08-31T11:00',
      '2026-09-14T07:59',
      '2026-09-14T18:00',
    ])
      expect(rungsDue([long], DEFAULT_ESCALATION, at(time), calendar)).toEqual([]);
  });

  it('takes one rung at a time after the service was down, and lets each have its working day', () => {
    expect(hourByHour(silent(), DEFAULT_ESCALATION, '2026-09-11T10:00', '2026-09-21T09:00')).toEqual([
      '2026-09-11T10:00 deputy',
      '2026-09-14T10:00 parent',
      '2026-09-15T10:00 team',
    ]);
  });

  it('does not wait where no email arrived', () => {
    const dead = silent({ state: 'undeliverable' });
    expect(hourByHour(dead, DEFAULT_ESCALATION, '2026-09-07T10:00', '2026-09-08T18:00')).toEqual([
      '2026-09-07T10:00 deputy',
      '2026-09-08T10:00 parent',
    ]);
  });

  it('takes what was declined to whoever is above: at once, once, and not to deputies', () => {
    const declined = silent({ state: 'declined' });
    expect(hourByHour(declined, DEFAULT_ESCALATION, '2026-09-07T10:00', '2026-09-21T10:00')).toEqual([
      '2026-09-07T10:00 parent',
    ]);
    const afterRungs = silent({ state: 'declined', rung: 2, rungAt: at('2026-09-04T10:00') });
    expect(hourByHour(afterRungs, DEFAULT_ESCALATION, '2026-09-07T10:00', '2026-09-21T10:00')).toEqual([
      '2026-09-07T10:00 team',
    ]);
    const afterAll = silent({ state: 'declined', rung: 3, rungAt: at('2026-09-04T10:00') });
    expect(hourByHour(afterAll, DEFAULT_ESCALATION, '2026-09-07T10:00', '2026-09-21T10:00')).toEqual([
      '2026-09-07T10:00 team',
    ]);
  });

  it('gives who acknowledged two working days to pass it on, and then goes the same way', () => {
    const acknowledged = silent({ state: 'acknowledged' });
    expect(hourByHour(acknowledged, DEFAULT_ESCALATION, '2026-09-07T09:00', '2026-09-25T09:00')).toEqual([
      '2026-09-09T09:00 deputy',
      '2026-09-10T09:00 parent',
      '2026-09-11T09:00 team',
    ]);
    const past = hourByHour(acknowledged, ESCALATION_PAST_COMMISSIONERS, '2026-09-07T09:00', '2026-09-25T09:00');
    expect(past.at(-1)).toBe('2026-09-11T09:00 practices');
  });

  it('treats passing on to some like acknowledging, and chases no region whose commissioners were asked as well', () => {
    expect(rungsDue([silent({ state: 'passed-on' })], DEFAULT_ESCALATION, at('2026-09-09T09:00'), calendar)).toEqual([
      { code: '16C', kind: 'commissioner', rung: 1, target: 'deputy', cause: 'not-passed-on' },
    ]);
    const region = silent({ kind: 'region', state: 'acknowledged' });
    expect(hourByHour(region, DEFAULT_ESCALATION, '2026-09-07T09:00', '2026-09-25T09:00')).toEqual([]);
  });

  it('takes those who were asked first first, and no more than the cap in one run', () => {
    const all = [
      silent({ code: '99A', since: at('2026-09-01T09:00') }),
      silent({ code: '11A' }),
      silent({ code: '00A' }),
      silent({ code: '55A', rung: 3, rungAt: at('2026-09-02T09:00') }),
    ];
    const due = rungsDue(all, { ...DEFAULT_ESCALATION, mostPerRun: 2 }, at('2026-09-10T12:00'), calendar);
    expect(due.map(({ code }) => code)).toEqual(['99A', '00A']);
  });
});
