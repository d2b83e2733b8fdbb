import { type OdsCode } from '../shared/ods-code.js';
import { SEGMENTS, type Segment } from '../segments/index.js';
import {
  type AudienceAccount,
  type AudienceContext,
  type AudienceOrganisation,
  type AudiencePerson,
  recipientsOf,
} from './audience.rules.js';
import { audienceSchema } from './campaign.schema.js';

const region: AudienceOrganisation = {
  code: 'Y63',
  name: 'North East and Yorkshire',
  kind: 'region',
  active: true,
  regionCode: null,
  commissionerCode: null,
};
const commissioner: AudienceOrganisation = {
  code: '16C',
  name: 'Tees Valley',
  kind: 'commissioner',
  active: true,
  regionCode: 'Y63',
  commissionerCode: null,
};
const practice: AudienceOrganisation = {
  code: 'A81001',
  name: 'The Densham Surgery',
  kind: 'practice',
  active: true,
  regionCode: 'Y63',
  commissionerCode: '16C',
};
const other: AudienceOrganisation = {
  code: 'A81002',
  name: 'Queens Park',
  kind: 'practice',
  active: true,
  regionCode: 'Y63',
  commissionerCode: '16C',
};

const account = (id: string, segment: Segment, more: Partial<AudienceAccount> = {}): AudienceAccount => ({
  id,
  firstName: 'Testa',
  lastName: 'Sample',
  email: `testa.${id}@nhs.net`,
  segment,
  rule: `${segment}.test`,
  memberships: [{ organisation: practice, roles: ['Declaration Management'] }],
  ...more,
});
const person = (...accounts: AudienceAccount[]): AudiencePerson => ({
  key: 'person-1',
  segment: accounts[0]?.segment ?? 'excluded',
  accounts,
});
const context = (more: Partial<AudienceContext> = {}): AudienceContext => ({
  kind: 'sign-in-notice',
  audience: audienceSchema.parse({}),
  wrongDates: () => undefined,
  dates: { cutoff: '2026-09-18T12:00', reopening: '2026-09-23', pcse: '2026-09-28' },
  suppressed: new Map(),
  declines: () => false,
  cascadingCommissioners: new Set(['16C']),
  worklist: () => ({ practices: [], totals: { practices: 0, practicesAtRisk: 0, peopleToHelp: 0 } }),
  ...more,
});

describe('who gets what', () => {
  it.each([
    ['nhsmail', 'sign-in-nhsmail'],
    ['nhsmail-unconfirmed', 'sign-in-nhsmail-unconfirmed'],
    ['mismatched', 'sign-in-mismatched'],
    ['without-nhsmail', 'sign-in-without-nhsmail'],
    ['unknown', 'sign-in-unknown'],
    ['not-a-person', 'sign-in-shared-mailbox'],
    ['invalid', null],
    ['excluded', null],
  ] as const)('gives the segment %s the template %s', (segment, template) => {
    const [line] = recipientsOf(person(account('1', segment)), context());
    expect(line?.template).toBe(template);
    expect(line?.excluded === null).toBe(template !== null);
  });

  it('never leaves a person without an email and without a reason', () => {
    for (const segment of SEGMENTS) {
      const lines = recipientsOf(person(account('1', segment)), context());
      expect(lines).toHaveLength(1);
      expect((lines[0]?.template === null) === (lines[0]?.excluded === null)).toBe(false);
    }
  });

  it('tells of all accounts of a person also in a campaign for one segment, so that two halves cannot contradict', () => {
    const both = person(account('1', 'nhsmail'), account('2', 'without-nhsmail'));
    const only = (segment: Segment) =>
      recipientsOf(both, context({ audience: audienceSchema.parse({ segments: [segment] }) }))[0];
    expect(only('without-nhsmail')).toMatchObject({ template: 'sign-in-nhsmail', address: 'testa.1@nhs.net' });
    expect(only('nhsmail')).toMatchObject({ template: 'sign-in-nhsmail', address: 'testa.1@nhs.net' });
    expect(only('unknown')).toBeUndefined();
  });

  it('names the account to use where the person has one under NHSmail, as the commissioner is told, and else none', () => {
    const instead = (...accounts: AudienceAccount[]) => {
      const [line] = recipientsOf(person(...accounts), context());
      return (line!.values!['accounts'] as { useInstead?: string }[]).map(({ useInstead }) => useInstead);
    };
    const right = account('1', 'nhsmail');
    expect(instead(right, account('2', 'mismatched'))).toEqual([undefined, right.email]);
    expect(instead(account('1', 'mismatched'), account('2', 'mismatched'))).toEqual([undefined, undefined]);
  });

  it('writes one merged email to a person with accounts in several segments, at the lead account', () => {
    const lines = recipientsOf(person(account('1', 'nhsmail'), account('2', 'mismatched')), context());
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      template: 'sign-in-several-accounts',
      address: 'testa.1@nhs.net',
      accountIds: ['1', '2'],
    });
  });

  it('does not speak of disabled accounts', () => {
    const [line] = recipientsOf(person(account('1', 'nhsmail'), account('2', 'excluded')), context());
    expect(line?.template).toBe('sign-in-nhsmail');
    expect(line?.values?.['accounts']).toHaveLength(1);
  });

  it('never tells one person both to sign in by NHSmail and to keep the password', () => {
    const [line] = recipientsOf(person(account('1', 'nhsmail'), account('2', 'without-nhsmail')), context());
    expect(line?.template).toBe('sign-in-nhsmail');
    expect(JSON.stringify(line?.values)).not.toContain('without-nhsmail');
  });

  it('shows who has no NHSmail registered as reached by the cascade, when only NHSmail is written to', () => {
    const nhsmailOnly = context({ audience: audienceSchema.parse({ reach: 'nhsmail-only' }) });
    const [line] = recipientsOf(person(account('1', 'unknown', { email: 'testa@evilnhs.net' })), nhsmailOnly);
    expect(line).toMatchObject({ excluded: 'no NHSmail address registered', route: 'cascade', address: null });
  });

  it('shows a person as unreachable when their commissioner has nobody to write to', () => {
    const [line] = recipientsOf(
      person(account('1', 'invalid', { email: null })),
      context({ cascadingCommissioners: new Set() }),
    );
    expect(line).toMatchObject({ route: 'none', template: null });
  });

  it('leaves out who has opted out of mail of this template', () => {
    const lines = (declined: string) =>
      recipientsOf(
        person(account('1', 'nhsmail', { email: 'Testa.1@NHS.net' })),
        context({ declines: (address, template) => address === 'testa.1@nhs.net' && template === declined }),
      );
    expect(lines('sign-in-nhsmail')[0]).toMatchObject({ excluded: 'opted out of optional mail', address: null });
    expect(lines('another-template')[0]).toMatchObject({ excluded: null, address: 'testa.1@nhs.net' });
  });

  it('greets whoever bears no first name as a colleague, and says of an account without an address that it has none', () => {
    const nameless = account('1', 'nhsmail', { firstName: ' ', lastName: '' });
    const [line] = recipientsOf(person(nameless, account('2', 'invalid', { email: '' })), context());
    expect(line?.values).toMatchObject({
      person: { firstName: 'colleague', fullName: 'colleague' },
      accounts: [{ registeredAddress: 'testa.1@nhs.net' }, { registeredAddress: 'no email address' }],
    });
  });

  it('does not write to a suppressed address, however it is spelt', () => {
    const suppressed = new Map([['testa.1@nhs.net', 'hard-bounce']]);
    const [line] = recipientsOf(
      person(account('1', 'nhsmail', { email: ' Testa.1@NHS.net ' })),
      context({ suppressed }),
    );
    expect(line).toMatchObject({ excluded: 'suppressed: hard-bounce', template: null });
  });

  it('leaves out who is not meant, without a line', () => {
    const elsewhere = context({ audience: audienceSchema.parse({ regions: ['Y56'] }) });
    expect(recipientsOf(person(account('1', 'nhsmail')), elsewhere)).toEqual([]);
    const here = context({ audience: audienceSchema.parse({ commissioners: ['16C' as OdsCode] }) });
    expect(recipientsOf(person(account('1', 'nhsmail')), here)).toHaveLength(1);
  });

  it('sends the follow-up only to people who have no other way in', () => {
    const followUp = context({ kind: 'guidance-follow-up' });
    expect(recipientsOf(person(account('1', 'nhsmail'), account('2', 'without-nhsmail')), followUp)).toEqual([]);
    expect(recipientsOf(person(account('2', 'without-nhsmail')), followUp)[0]?.template).toBe('guidance-follow-up');
  });

  it('asks commissioner and region staff to cascade, once for each organisation, and nobody in practices', () => {
    const cascade = context({ kind: 'cascade-request' });
    const memberships = [commissioner, region].map((organisation) => ({ organisation, roles: ['View'] }));
    const lines = recipientsOf(person(account('1', 'nhsmail', { memberships })), cascade);
    expect(lines.map(({ topic, template }) => [topic, template])).toEqual([
      ['16C', 'cascade-request'],
      ['Y63', 'cascade-request-region'],
    ]);
    expect(recipientsOf(person(account('1', 'nhsmail')), cascade)).toEqual([]);
  });

  it('reminds who may declare, about each practice in one email, and not who may only look', () => {
    const reminder = context({ kind: 'payment-reminder' });
    const memberships = [practice, other].map((organisation) => ({ organisation, roles: ['Declaration Management'] }));
    expect(recipientsOf(person(account('1', 'mismatched', { memberships })), reminder)).toMatchObject([
      {
        template: 'payment-reminder-practice',
        obligations: [
          { organisation: 'A81001', actor: 'practice' },
          { organisation: 'A81002', actor: 'practice' },
        ],
      },
    ]);
    const looking = account('1', 'nhsmail', { memberships: [{ organisation: practice, roles: ['View'] }] });
    expect(recipientsOf(person(looking), reminder)).toEqual([]);
  });

  it('reminds who may approve or pay at a commissioner', () => {
    const memberships = [{ organisation: commissioner, roles: ['Finance Management'] }];
    expect(
      recipientsOf(person(account('1', 'nhsmail', { memberships })), context({ kind: 'payment-reminder' })),
    ).toMatchObject([
      {
        topic: '16C',
        template: 'payment-reminder-commissioner',
        obligations: [{ organisation: '16C', actor: 'commissioner' }],
      },
    ]);
  });
});
