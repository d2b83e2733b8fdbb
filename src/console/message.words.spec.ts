import { actorsIn, messageReason } from './message.words.js';

const ADA = 'person:01a2238e-7236-751e-996e-496cd79e8452';

describe('why a message is in its state', () => {
  it.each([
    ['the worker fell silent', 'The sending program stopped in the middle of it'],
    ['trial-mode', 'Trial mode is on, and the address is not on its list'],
    ['lost after the final dot', 'Lost after the final dot'],
    [`decided by ${ADA}`, 'Decided by Ada Author'],
    ['released by key:cqrs_ab12', 'Released by API key cqrs_ab12'],
    ['released by system:unknown', 'Released by the service'],
  ])('%s: %s', (reason, words) => {
    expect(messageReason(reason, new Map([[ADA, 'Ada Author']]))).toBe(words);
  });

  it('names nobody by an id', () => {
    expect(messageReason(`decided by ${ADA}`)).toBe('Decided by somebody who has never signed in here');
    expect(actorsIn(`decided by ${ADA}`)).toEqual([ADA]);
    expect(actorsIn('the worker fell silent')).toEqual([]);
  });
});
