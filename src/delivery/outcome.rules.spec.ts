import fc from 'fast-check';
import { DEFAULT_DELIVERY_OPTIONS } from './delivery.options.js';
import { mayBecome } from './message.states.js';
import { changeFor, isTrouble } from './outcome.rules.js';
import { type Outcome } from './transport.js';

const { retry } = DEFAULT_DELIVERY_OPTIONS;
const NOW = new Date('2026-09-14T07:00:00Z');
const change = (outcome: Outcome, tried = { attempt: 1, setbacks: 0 }, random = 0.5) =>
  changeFor(outcome, { ordinal: 1, ...tried }, retry, NOW, random);
const reply = { code: 451, enhanced: '4.3.0', response: 'try later' };

describe('changeFor', () => {
  it.each([
    [
      { kind: 'accepted', code: 250, response: 'ok' },
      { state: 'accepted', code: 250 },
    ],
    [
      { kind: 'permanent', code: 550, enhanced: '5.1.1', response: 'no mailbox' },
      { state: 'failed', code: 550, enhanced: '5.1.1', reason: 'no mailbox' },
    ],
    [
      { kind: 'transient', ...reply },
      { state: 'deferred', code: 451, nextAttemptAt: new Date('2026-09-14T07:01:00Z') },
    ],
    [
      { kind: 'throttled', ...reply },
      { state: 'deferred', setback: true },
    ],
    [
      { kind: 'undecided', reason: 'lost after the final dot' },
      { state: 'unknown', reason: 'lost after the final dot' },
    ],
    [
      { kind: 'not-sent', reason: 'connection refused' },
      { state: 'queued', setback: true },
    ],
  ] satisfies [Outcome, object][])('makes of %j: %j', (outcome, expected) => {
    expect(change(outcome)).toMatchObject(expected);
  });

  it('doubles the wait up to an hour, and spreads it by a fifth either way', () => {
    const seconds = (attempt: number, random: number) => {
      const { nextAttemptAt } = change({ kind: 'transient', ...reply }, { attempt, setbacks: 0 }, random);
      return Math.round((nextAttemptAt!.getTime() - NOW.getTime()) / 1_000);
    };
    expect([1, 2, 3, 6, 7].map((attempt) => seconds(attempt, 0.5))).toEqual([60, 120, 240, 1_920, 3_600]);
    expect([seconds(1, 0), seconds(1, 0.9999)]).toEqual([48, 72]);
  });

  it('gives up after the last attempt, with the last reply', () => {
    expect(change({ kind: 'transient', ...reply }, { attempt: 8, setbacks: 0 })).toEqual({
      ordinal: 1,
      state: 'failed',
      code: 451,
      enhanced: '4.3.0',
      reason: 'try later',
    });
  });

  it('counts a setback as an attempt once there were too many', () => {
    for (const kind of ['not-sent', 'throttled'] as const) {
      const outcome: Outcome = kind === 'not-sent' ? { kind, reason: 'refused' } : { kind, ...reply };
      expect(change(outcome, { attempt: 1, setbacks: 20 })).toMatchObject({ state: 'deferred' });
      expect(change(outcome, { attempt: 1, setbacks: 20 }).setback).toBeUndefined();
      expect(change(outcome, { attempt: 8, setbacks: 20 }).state).toBe('failed');
    }
  });

  it('never counts what no message is to blame for: an outage of a night fails nobody', () => {
    const told = { attempt: 1, setbacks: 5_000 };
    expect(change({ kind: 'not-sent', reason: 'refused', blameless: true }, told)).toMatchObject({
      state: 'queued',
      setback: true,
    });
    expect(change({ kind: 'throttled', ...reply, blameless: true }, told)).toMatchObject({
      state: 'deferred',
      setback: true,
    });
  });

  it('only ever makes changes that the states allow, also of an answer that comes after the lease', () => {
    const outcome = fc.oneof(
      fc.constantFrom<Outcome>(
        { kind: 'accepted', code: 250, response: 'ok' },
        { kind: 'undecided', reason: 'lost' },
        { kind: 'not-sent', reason: 'refused' },
      ),
      fc.constantFrom('permanent', 'transient', 'throttled').map((kind): Outcome => ({ kind, ...reply })),
    );
    fc.assert(
      fc.property(
        outcome,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 40 }),
        (given, attempt, setbacks) => {
          const { state, nextAttemptAt } = change(given, { attempt, setbacks });
          expect(mayBecome('sending', state)).toBe(true);
          expect(state === 'unknown' || mayBecome('unknown', state)).toBe(true);
          expect(nextAttemptAt !== undefined).toBe(state === 'deferred');
        },
      ),
    );
  });
});

describe('isTrouble', () => {
  it('is the server being away or slowing down, not one mailbox that is', () => {
    expect(isTrouble({ kind: 'throttled', ...reply })).toBe(true);
    expect(isTrouble({ kind: 'not-sent', reason: 'refused' })).toBe(true);
    expect(isTrouble({ kind: 'transient', ...reply })).toBe(false);
    expect(isTrouble({ kind: 'permanent', ...reply })).toBe(false);
  });
});
