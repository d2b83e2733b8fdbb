import fc from 'fast-check';
import {
  MESSAGE_STATES,
  type MessageState,
  mayBecome,
  statesBefore,
  TERMINAL_STATES,
  TRANSITIONS,
  UNSENT_STATES,
} from './message.states.js';

const state = fc.constantFrom(...MESSAGE_STATES);
/** What the world and the people may try to make of a message, in any order. */
const walk = fc.array(state, { maxLength: 40 });
const run = (from: MessageState, wishes: readonly MessageState[]) => {
  const path = [from];
  for (const wish of wishes) if (mayBecome(path.at(-1)!, wish)) path.push(wish);
  return path;
};

describe('the states of a message', () => {
  it('are as the table says, each pair of them', () => {
    const allowed = MESSAGE_STATES.flatMap((from) =>
      MESSAGE_STATES.filter((to) => mayBecome(from, to)).map((to) => `${from} -> ${to}`),
    );
    expect(allowed).toEqual([
      'planned -> queued',
      'planned -> expired',
      'planned -> cancelled',
      'queued -> sending',
      'queued -> deferred',
      'queued -> failed',
      'queued -> expired',
      'queued -> suppressed',
      'queued -> cancelled',
      'sending -> queued',
      'sending -> accepted',
      'sending -> deferred',
      'sending -> failed',
      'sending -> unknown',
      'sending -> expired',
      'accepted -> bounced',
      'accepted -> complained',
      'deferred -> queued',
      'deferred -> expired',
      'deferred -> cancelled',
      'unknown -> queued',
      'unknown -> accepted',
      'unknown -> deferred',
      'unknown -> failed',
      'unknown -> expired',
    ]);
  });

  it('are terminal where nothing but feedback follows', () => {
    for (const terminal of TERMINAL_STATES) {
      expect(TRANSITIONS[terminal].every((next) => next === 'bounced' || next === 'complained')).toBe(true);
    }
    const open = MESSAGE_STATES.filter((each) => !TERMINAL_STATES.includes(each));
    expect(open).toEqual(['planned', 'queued', 'sending', 'deferred', 'unknown']);
  });

  it('never lead out of a terminal state, whatever happens', () => {
    fc.assert(
      fc.property(state, walk, (from, wishes) => {
        const path = run(from, wishes);
        const first = path.findIndex((each) => TERMINAL_STATES.includes(each));
        if (first >= 0) expect(path.slice(first).every((each) => TERMINAL_STATES.includes(each))).toBe(true);
      }),
    );
  });

  it('reach the wire only with an intent written first, and acceptance only from there', () => {
    expect(statesBefore('sending')).toEqual(['queued']);
    expect(statesBefore('accepted')).toEqual(['sending', 'unknown']);
    expect(statesBefore('unknown')).toEqual(['sending']);
  });

  it('let an unknown message out only where a person, or a late answer, decides', () => {
    fc.assert(
      fc.property(walk, (wishes) => {
        const path = run('unknown', wishes);
        const next = path.indexOf('sending');
        if (next >= 0) expect(path.slice(0, next)).toContain('queued');
      }),
    );
  });

  it('can be stopped as long as nothing left', () => {
    expect(statesBefore('cancelled').sort()).toEqual([...UNSENT_STATES].sort());
  });
});
