import { ODS_FORMAT, odsFacts, type OdsRow } from './ods.format.js';
import { datedOn, factsHash, UNDATED } from './organisation-version.rules.js';

function row(values: Partial<OdsRow>): OdsRow {
  const empty = Object.entries(ODS_FORMAT.columns).map(([name, { cell }]) => {
    const result = cell.safeParse('');
    return [name, result.success ? result.data : ''];
  });
  return { ...(Object.fromEntries(empty) as OdsRow), ...values };
}
const practice = {
  code: 'A81001',
  name: 'SAMPLE SURGERY',
  region: 'Y63',
  status: 'A',
  setting: '4',
} as Partial<OdsRow>;

describe('what an ODS row says', () => {
  it.each<[string, Partial<OdsRow>, object]>([
    ['an active GP practice', practice, { kind: 'practice', is_gp_practice: true, status: 'active' }],
    ['a closed one', { ...practice, status: 'C' }, { kind: 'practice', is_gp_practice: true, status: 'closed' }],
    ['a dormant one', { ...practice, status: 'D' }, { status: 'dormant' }],
    ['a proposed one', { ...practice, status: 'P' }, { status: 'proposed' }],
    ['one of Wales', { ...practice, region: 'W00' } as never, { kind: 'practice', is_gp_practice: false }],
    ['a clinic', { ...practice, setting: '9' }, { kind: 'other', is_gp_practice: false }],
  ])('%s', (_, values, expected) => {
    expect(odsFacts(row(values), 'practices')).toMatchObject(expected);
  });

  it.each([
    ['RO319', null, { kind: 'commissioner', status: 'active' }],
    ['RO319|RO326', null, { kind: 'commissioner', status: 'active' }],
    ['', '2020-03-31', { kind: 'commissioner', status: 'closed' }],
    ['RO327', null, { kind: 'other', status: 'active' }],
    ['RO218', null, { kind: 'other', status: 'active' }],
    ['RO98', null, { kind: 'commissioner', status: 'active' }],
    ['C', null, { kind: 'commissioner', status: 'active' }],
  ])('of a commissioner with role %j closed on %j', (sub_type, closed, expected) => {
    expect(
      odsFacts(row({ ...practice, status: '', sub_type, closed: closed as never }), 'commissioners'),
    ).toMatchObject(expected);
  });
});

describe('when it became true', () => {
  const dated = (values: object): string =>
    datedOn(odsFacts(row({ ...practice, ...values }), 'practices'), '2026-09-01');

  it('is its last date that has come', () => {
    expect(dated({})).toBe(UNDATED);
    expect(dated({ opened: '1974-04-01', joined: '2020-04-01' })).toBe('2020-04-01');
    expect(dated({ joined: '2020-04-01', closed: '2026-09-01' })).toBe('2026-09-01');
    expect(dated({ joined: '2020-04-01', closed: '2026-09-02' })).toBe('2020-04-01');
  });

  it('the same facts are the same version, any other fact is another', () => {
    const facts = odsFacts(row(practice), 'practices');
    expect(factsHash({ ...facts })).toBe(factsHash(facts));
    expect(factsHash({ ...facts, name: 'EXAMPLE SURGERY' })).not.toBe(factsHash(facts));
  });
});
