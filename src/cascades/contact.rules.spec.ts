import { type ContactAccount, contactsOf, isMailable, needOf } from './contact.rules.js';

const account = (id: string, over: Partial<ContactAccount> = {}): ContactAccount => ({
  id,
  personKey: `person of ${id}`,
  segment: 'nhsmail',
  suppressed: false,
  ...over,
});

describe('the contacts of an organisation', () => {
  it('are turned to in the order of what they do: administer, approve, declare, anything else', () => {
    const contacts = contactsOf([
      { account: account('U1'), roles: ['View'] },
      { account: account('U2'), roles: ['Declaration Management'] },
      { account: account('U3'), roles: ['Finance Management', 'View'] },
      { account: account('U4'), roles: ['Approval Management', 'User Administrator'] },
    ]);
    expect(contacts.map(({ accountId, duties }) => [accountId, duties])).toEqual([
      ['U4', ['administers', 'approves']],
      ['U3', ['approves']],
      ['U2', ['declares']],
      ['U1', []],
    ]);
  });

  it('welcome a shared mailbox, after a person of the same duty', () => {
    const contacts = contactsOf([
      { account: account('U1', { segment: 'not-a-person' }), roles: ['User Administrator'] },
      { account: account('U2'), roles: ['User Administrator'] },
      { account: account('U3'), roles: ['View'] },
    ]);
    expect(contacts.map(({ accountId, isShared }) => [accountId, isShared])).toEqual([
      ['U2', false],
      ['U1', true],
      ['U3', false],
    ]);
  });

  it('hold a person once, and nobody to whom no email arrives', () => {
    const contacts = contactsOf([
      { account: account('U1', { personKey: 'same' }), roles: ['View'] },
      { account: account('U2', { personKey: 'same' }), roles: ['User Administrator'] },
      { account: account('U3', { suppressed: true }), roles: ['User Administrator'] },
      { account: account('U4', { segment: 'invalid' }), roles: ['User Administrator'] },
      { account: account('U5', { segment: 'excluded' }), roles: ['User Administrator'] },
    ]);
    expect(contacts.map(({ accountId }) => accountId)).toEqual(['U2']);
  });
});

describe('needOf', () => {
  it('calls for help where the holder cannot sign in or cannot be told, and nowhere else', () => {
    expect(needOf({ segment: 'mismatched', suppressed: false })).toBe('mismatched');
    expect(needOf({ segment: 'unknown', suppressed: false })).toBe('unknown');
    expect(needOf({ segment: 'invalid', suppressed: false })).toBe('unreachable');
    expect(needOf({ segment: 'nhsmail', suppressed: true })).toBe('unreachable');
    expect(needOf({ segment: 'nhsmail', suppressed: false })).toBeNull();
    expect(needOf({ segment: 'excluded', suppressed: true })).toBeNull();
  });

  it('knows a mismatched person as one who can still be written to', () => {
    expect(isMailable({ segment: 'mismatched', suppressed: false })).toBe(true);
  });
});
