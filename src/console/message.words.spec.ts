import { actorsIn, blockReason, messageReason } from './message.words.js';

const ADA = 'person:01a2238e-7236-751e-996e-496cd79e8452';

describe('why a message is in its state', () => {
  it.each([
    ['the worker fell silent', 'The sending program stopped in the middle of it'],
    ['trial-mode', 'Trial mode is on, and the address is not on its list'],
    ['userunknown 5.1.1', 'The mailbox does not exist (5.1.1)'],
    ['mailboxfull', 'The mailbox was full'],
    ['hard-bounce', 'The address is blocked: it does not work'],
    ['repeated-mailboxfull', 'The address is blocked: again and again, the mailbox was full'],
    ['4.2.0 Mailbox busy', '4.2.0 Mailbox busy'],
    ['lost after the final dot', 'Lost after the final dot'],
    [`decided by ${ADA}`, 'Decided by Ada Author'],
    ['released by key:cqrs_ab12', 'Released by API key cqrs_ab12'],
    ['released by system:unknown', 'Released by the service'],
    ['released by system:terminal', 'Released by somebody at the terminal'],
  ])('%s: %s', (reason, words) => {
    expect(messageReason(reason, new Map([[ADA, 'Ada Author']]))).toBe(words);
  });

  it.each([
    ['hard-bounce', 'It does not work'],
    ['repeated-mailboxfull', 'Again and again, the mailbox was full'],
    ['asked-not-to', 'Asked not to'],
  ])('says why an address is blocked: %s', (reason, words) => {
    expect(blockReason(reason)).toBe(words);
  });

  it('names nobody by an id', () => {
    expect(messageReason(`decided by ${ADA}`)).toBe('Decided by somebody who has never signed in here');
    expect(actorsIn(`decided by ${ADA}`)).toEqual([ADA]);
    expect(actorsIn('the worker fell silent')).toEqual([]);
  });
});
