import fc from 'fast-check';
import { differences, driftOf, fingerprint, planHash, PlanTally } from './plan.rules.js';
import { type PlannedRecipient } from './recipient.types.js';

const recipient = (more: Partial<PlannedRecipient> = {}): PlannedRecipient => ({
  personKey: 'a',
  topic: '',
  accountIds: ['1'],
  organisationCodes: ['A81001'],
  regionCode: 'Y63',
  commissionerCode: '16C',
  segment: 'nhsmail',
  rule: 'nhsmail.primary',
  route: 'direct',
  address: 'testa.sample1@nhs.net',
  template: 'sign-in-nhsmail',
  values: { person: { firstName: 'Testa' } },
  obligations: null,
  excluded: null,
  ...more,
});
const tallyOf = (...recipients: PlannedRecipient[]): PlanTally => {
  const tally = new PlanTally();
  for (const line of recipients) tally.add(line);
  return tally;
};

describe('a plan', () => {
  it('counts emails and people, exclusions and routes', () => {
    const totals = tallyOf(
      recipient(),
      recipient({ personKey: 'b', topic: '16C', accountIds: ['2', '3'] }),
      recipient({ personKey: 'b', topic: 'Y63', accountIds: ['2', '3'] }),
      recipient({
        personKey: 'c',
        excluded: 'no usable address',
        template: null,
        address: null,
        route: 'none',
        segment: 'invalid',
      }),
      recipient({
        personKey: 'd',
        excluded: 'disabled',
        template: null,
        address: null,
        route: 'none',
        segment: 'excluded',
      }),
    ).result();
    expect(totals).toMatchObject({ recipients: 3, people: 2, excluded: 2, unreachable: 1, merged: 1 });
    expect(totals.byRoute).toEqual({ direct: 2, none: 2 });
    expect(totals.exclusions).toEqual({ 'no usable address': 1, disabled: 1 });
  });

  it('has another hash when one character of one recipient is another', () => {
    const change = fc.constantFrom<Partial<PlannedRecipient>>(
      { personKey: 'b' },
      { topic: 'x' },
      { accountIds: ['1', '2'] },
      { address: 'testa.sample2@nhs.net' },
      { template: 'sign-in-mismatched' },
      { values: { person: { firstName: 'Testo' } } },
      { obligations: [{ organisation: 'A81001', actor: 'practice' }] },
      { excluded: 'no' },
    );
    fc.assert(
      fc.property(change, (more) => {
        expect(tallyOf(recipient(more)).recipientsHash()).not.toBe(tallyOf(recipient()).recipientsHash());
      }),
    );
  });

  it('has the same hash however the database orders the keys of the values', () => {
    const one = recipient({ values: { b: 1, a: { d: 2, c: 3 } } });
    const two = recipient({ values: { a: { c: 3, d: 2 }, b: 1 } });
    expect(fingerprint(one)).toBe(fingerprint(two));
  });

  it('binds the templates, the shared values and the schedule', () => {
    const parts = {
      recipientsHash: 'r',
      templates: { t: '1' },
      shared: { window: { cutoff: '2026-09-18T12:00' } },
      steps: [],
    };
    const hashes = [
      planHash(parts),
      planHash({ ...parts, templates: { t: '2' } }),
      planHash({ ...parts, shared: { window: { cutoff: '2026-09-18T12:01' } } }),
      planHash({ ...parts, steps: [{ id: 'launch', label: 'Launch', dueAt: null, expiresAt: null }] }),
    ];
    expect(new Set(hashes).size).toBe(4);
  });

  it('measures drift against what was approved', () => {
    const diff = { since: null, joined: 1, left: 1, changed: 2 };
    expect(driftOf(diff, 100)).toBe(0.04);
    expect(driftOf({ ...diff, joined: 0, left: 0, changed: 0 }, 0)).toBe(0);
    expect(driftOf(diff, 0)).toBe(1);
  });
});

async function* stream(lines: readonly PlannedRecipient[]) {
  yield* await Promise.resolve(lines);
}

describe('the differences of two plans', () => {
  const account = { accountId: '1', registeredAddress: 'testa.sample1@nhs.net', segment: 'nhsmail' };
  const values = { person: { firstName: 'Testa' }, accounts: [account] };
  const other = { ...account, accountId: '2', registeredAddress: 'testa@example.org', segment: 'mismatched' };

  it.each<[string, Partial<PlannedRecipient> | undefined, boolean]>([
    ['gets nothing any more', undefined, true],
    ['is in another group', { segment: 'unknown', template: 'sign-in-unknown' }, true],
    ['may not be written to at all', { segment: 'excluded', address: null, excluded: 'disabled' }, true],
    ['has another address', { address: 'testa.other@nhs.net' }, true],
    ['has another account beside it', { values: { ...values, accounts: [account, other] } }, true],
    [
      'has to use another account',
      { values: { ...values, accounts: [{ ...account, useInstead: 'x@nhs.net' }] } },
      true,
    ],
    ['has a blocked address', { address: null, template: null, values: null, excluded: 'suppressed: bounced' }, false],
    ['has another name', { values: { ...values, person: { firstName: 'Tessa' } } }, false],
    ['works somewhere else too', { organisationCodes: ['A81001', 'A81002'], rule: 'nhsmail.alias' }, false],
    [
      'is spelt otherwise',
      { values: { ...values, accounts: [{ ...account, registeredAddress: 'Testa.Sample1@NHS.net' }] } },
      false,
    ],
  ])('say that an email is outdated of whoever %s: %#', async (_, change, expected) => {
    const approved = recipient({ values });
    const present = change ? [recipient({ values, ...change })] : [];
    const { outdated } = await differences(stream([approved]), stream(present));
    expect(outdated).toEqual(expected ? ['a'] : []);
  });

  it('are who joined, who left and who would be told something else, whatever else is in them', async () => {
    const plans = fc.uniqueArray(
      fc.record({
        personKey: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        topic: fc.constantFrom('', '16C'),
        address: fc.constantFrom('testa.sample1@nhs.net', 'testa.sample2@nhs.net'),
        excluded: fc.constantFrom(null, null, 'blocked'),
      }),
      { selector: ({ personKey, topic }) => `${personKey} ${topic}` },
    );
    const inOrder = (lines: readonly Partial<PlannedRecipient>[]) =>
      lines
        .map((line) => recipient(line))
        .sort((a, b) => (`${a.personKey} ${a.topic}` < `${b.personKey} ${b.topic}` ? -1 : 1));
    await fc.assert(
      fc.asyncProperty(plans, plans, async (one, other) => {
        const [before, after] = [inOrder(one), inOrder(other)];
        const included = (lines: readonly PlannedRecipient[]) =>
          new Map(
            lines
              .filter(({ excluded }) => excluded === null)
              .map((line) => [`${line.personKey} ${line.topic}`, fingerprint(line)]),
          );
        const [old, fresh] = [included(before), included(after)];
        expect(await differences(stream(before), stream(after))).toEqual({
          joined: [...fresh.keys()].filter((key) => !old.has(key)).length,
          left: [...old.keys()].filter((key) => !fresh.has(key)).length,
          changed: [...fresh].filter(([key, print]) => old.has(key) && old.get(key) !== print).length,
          outdated: before
            .filter(({ personKey, topic, address, excluded }) => {
              const present = after.find((line) => line.personKey === personKey && line.topic === topic);
              if (excluded !== null || present?.excluded === 'blocked') return false;
              return present?.address !== address;
            })
            .map(({ personKey }) => personKey),
        });
      }),
    );
  });
});
