import fc from 'fast-check';
import { ANSWERS, answersOf, isAnswered, stateAfter, STEP_STATES, TREE_KINDS } from './step.rules.js';

const kind = fc.constantFrom(...TREE_KINDS);
const state = fc.constantFrom(...STEP_STATES);
const answer = fc.constantFrom(...ANSWERS);

describe('the steps of a cascade', () => {
  it('keep acknowledging and acting apart', () => {
    expect(stateAfter('commissioner', 'delivered', 'acknowledge')).toBe('acknowledged');
    expect(stateAfter('commissioner', 'acknowledged', 'pass-on')).toBe('passed-on');
    expect(stateAfter('commissioner', 'passed-on', 'finish')).toBe('done');
    expect(stateAfter('practice', 'waiting', 'confirm')).toBe('confirmed');
  });

  it('let a practice confirm but not pass on, and a commissioner pass on but not confirm', () => {
    expect(answersOf('practice')).toEqual(['acknowledge', 'confirm', 'finish', 'decline']);
    expect(answersOf('commissioner')).toEqual(['acknowledge', 'pass-on', 'finish', 'decline']);
    expect(stateAfter('practice', 'sent', 'pass-on')).toBeUndefined();
    expect(stateAfter('commissioner', 'sent', 'confirm')).toBeUndefined();
  });

  it('let whoever declined think again', () => {
    expect(stateAfter('commissioner', 'declined', 'pass-on')).toBe('passed-on');
  });

  it('accept an answer even where no email arrived: somebody may have forwarded it', () => {
    expect(stateAfter('commissioner', 'undeliverable', 'acknowledge')).toBe('acknowledged');
  });

  it('never take anybody back: an acknowledgement after passing on changes nothing', () => {
    expect(stateAfter('commissioner', 'passed-on', 'acknowledge')).toBe('passed-on');
    expect(stateAfter('practice', 'done', 'decline')).toBe('done');
  });

  it('leave an organisation answered once it has answered, and change nothing when an answer is repeated', () => {
    fc.assert(
      fc.property(kind, state, answer, (of, from, given) => {
        const after = stateAfter(of, from, given);
        if (after === undefined) return;
        expect(isAnswered(after)).toBe(true);
        expect(stateAfter(of, after, given)).toBe(after);
      }),
    );
  });
});
