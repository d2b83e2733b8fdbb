import fc from 'fast-check';
import { groupPersons, type MergeableAccount } from './person.merge.js';
import { SEGMENTS, type Segment } from './segment.types.js';

function account(accountId: string, segment: Segment, address?: string, own?: string): MergeableAccount {
  return {
    accountId,
    segment,
    ...(address !== undefined && { address }),
    ...(own !== undefined && { nhsmail: { address: own, certainty: 'certain' } }),
  };
}
const idsOf = (accounts: MergeableAccount[]): string[][] =>
  groupPersons(accounts)
    .map((person) => person.accounts.map(({ accountId }) => accountId))
    .sort();

describe('groupPersons', () => {
  it('merges the old account with the one under the NHSmail address, which then speaks', () => {
    const [person, ...others] = groupPersons([
      account('1', 'mismatched', 'testa@surgery.nhs.uk', 'testa@nhs.net'),
      account('2', 'nhsmail', 'testa@nhs.net', 'testa@nhs.net'),
    ]);
    expect(others).toEqual([]);
    expect(person).toMatchObject({
      segment: 'nhsmail',
      leadAccountId: '2',
      accounts: [
        { accountId: '2', segment: 'nhsmail' },
        { accountId: '1', segment: 'mismatched' },
      ],
    });
  });

  it('keeps the key of a person who is given the new account', () => {
    const before = groupPersons([account('1', 'mismatched', 'testa@surgery.nhs.uk', 'testa@nhs.net')]);
    const after = groupPersons([
      account('1', 'mismatched', 'testa@surgery.nhs.uk', 'testa@nhs.net'),
      account('2', 'nhsmail', 'testa@nhs.net', 'testa@nhs.net'),
    ]);
    expect(after[0]?.personKey).toBe(before[0]?.personKey);
  });

  it('writes once to one mailbox', () => {
    expect(idsOf([account('1', 'unknown', 'a@example.com'), account('2', 'unknown', 'a@example.com')])).toEqual([
      ['1', '2'],
    ]);
    expect(
      idsOf([account('1', 'mismatched', 'a@example.com', 'testa@nhs.net'), account('2', 'unknown', 'a@example.com')]),
    ).toEqual([['1', '2']]);
  });

  it('keeps two people apart who are registered at one address', () => {
    expect(
      idsOf([
        account('1', 'nhsmail', 'testa@nhs.net', 'testa@nhs.net'),
        account('2', 'mismatched', 'testa@nhs.net', 'otto@nhs.net'),
        account('3', 'nhsmail', 'otto@nhs.net', 'otto@nhs.net'),
      ]),
    ).toEqual([['1'], ['3', '2']]);
  });

  it('does not merge on likely evidence', () => {
    const likely: MergeableAccount = {
      ...account('1', 'mismatched', 'testa@example.com'),
      nhsmail: { address: 'testa@nhs.net', certainty: 'probable' },
    };
    expect(idsOf([likely, account('2', 'nhsmail', 'testa@nhs.net', 'testa@nhs.net')])).toEqual([['1'], ['2']]);
  });

  it('keeps accounts without an address apart', () => {
    expect(idsOf([account('1', 'invalid'), account('2', 'invalid')])).toEqual([['1'], ['2']]);
  });

  const addresses = ['a@nhs.net', 'b@nhs.net', 'c@example.com', undefined];
  const anyAccounts = fc
    .array(
      fc.record({
        segment: fc.constantFrom(...SEGMENTS),
        address: fc.constantFrom(...addresses),
        own: fc.constantFrom(...addresses),
      }),
    )
    .map((parts) => parts.map(({ segment, address, own }, id) => account(String(id), segment, address, own)));

  it('puts every account into exactly one person, each with a key of its own', () => {
    fc.assert(
      fc.property(anyAccounts, (accounts) => {
        const persons = groupPersons(accounts);
        const ids = persons.flatMap((person) => person.accounts.map(({ accountId }) => accountId));
        expect(ids.sort()).toEqual(accounts.map(({ accountId }) => accountId).sort());
        expect(new Set(persons.map(({ personKey }) => personKey)).size).toBe(persons.length);
        expect(persons.every(({ personKey }) => /^[0-9a-f]{32}$/.test(personKey))).toBe(true);
      }),
    );
  });

  it('gives one person one instruction, that of an account which earned it', () => {
    fc.assert(
      fc.property(anyAccounts, (accounts) => {
        for (const person of groupPersons(accounts)) {
          const lead = accounts.find(({ accountId }) => accountId === person.leadAccountId);
          expect(person.accounts[0]).toEqual({ accountId: person.leadAccountId, segment: person.segment });
          expect(lead?.segment).toBe(person.segment);
          if (person.segment !== 'nhsmail-unconfirmed') continue;
          // Single sign-on on trust only where nothing about the person speaks against it.
          const speaking = person.accounts.map(({ segment }) => segment);
          expect(speaking).not.toContain('mismatched');
          expect(speaking).not.toContain('without-nhsmail');
          expect(speaking).not.toContain('unknown');
        }
      }),
    );
  });

  it('does not depend on the order of the accounts', () => {
    fc.assert(
      fc.property(anyAccounts, (accounts) => {
        expect(groupPersons([...accounts].reverse())).toEqual(groupPersons(accounts));
      }),
    );
  });
});
