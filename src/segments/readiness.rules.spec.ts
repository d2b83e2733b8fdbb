import { ReadinessTally, type Readiness, type ReadinessOrganisation } from './readiness.rules.js';
import type { Segment } from './segment.types.js';

const REGION: ReadinessOrganisation = { code: 'Y63', kind: 'region', regionCode: 'Y63' };
const COMMISSIONER: ReadinessOrganisation = { code: '16C', kind: 'commissioner', regionCode: 'Y63' };
const PRACTICE: ReadinessOrganisation = { code: 'A81001', kind: 'practice', regionCode: 'Y63' };
const ALL = [PRACTICE, COMMISSIONER, REGION];

function rowOf(rows: readonly Readiness[], code: string): Readiness | undefined {
  return rows.find(({ organisation }) => organisation === code);
}

describe('readiness', () => {
  it('puts organisations without any account at risk, and their region with them', () => {
    const rows = new ReadinessTally(ALL).rows();
    expect(rows.map(({ organisation, atRisk }) => [organisation, atRisk])).toEqual([
      ['16C', true],
      ['A81001', true],
      ['Y63', true],
    ]);
    expect(rowOf(rows, 'Y63')).toMatchObject({ practicesAtRisk: 1, commissionersAtRisk: 1 });
  });

  it.each<[Segment, boolean, boolean]>([
    ['nhsmail', false, false],
    ['without-nhsmail', false, false],
    ['nhsmail-unconfirmed', false, true],
    ['mismatched', true, false],
    ['unknown', true, false],
    ['not-a-person', true, false],
    ['invalid', true, false],
    ['excluded', true, false],
  ])(
    'a practice whose one declarer is %s: at risk %s, relies on the unconfirmed %s',
    (segment, atRisk, reliesOnUnconfirmed) => {
      const tally = new ReadinessTally(ALL);
      tally.add({ segment, memberships: [{ code: 'A81001', roles: ['View', 'Declaration Management'] }] });
      expect(rowOf(tally.rows(), 'A81001')).toMatchObject({
        atRisk,
        reliesOnUnconfirmed,
        canSignIn: atRisk ? 0 : 1,
        canDeclare: atRisk ? 0 : 1,
      });
    },
  );

  it('takes more than signing in: somebody must be able to declare', () => {
    const tally = new ReadinessTally(ALL);
    tally.add({ segment: 'nhsmail', memberships: [{ code: 'A81001', roles: ['View', 'Finance Management'] }] });
    expect(rowOf(tally.rows(), 'A81001')).toMatchObject({ atRisk: true, canSignIn: 1, canDeclare: 0 });
  });

  it('takes an approver and a financial approver for a commissioner, who may be two people', () => {
    const tally = new ReadinessTally(ALL);
    tally.add({ segment: 'nhsmail', memberships: [{ code: '16C', roles: ['Approval Management'] }] });
    expect(rowOf(tally.rows(), '16C')).toMatchObject({ atRisk: true, canApprove: 1, canFinanciallyApprove: 0 });
    tally.add({ segment: 'nhsmail', memberships: [{ code: '16C', roles: ['Finance Management'] }] });
    expect(rowOf(tally.rows(), '16C')).toMatchObject({ atRisk: false, canApprove: 1, canFinanciallyApprove: 1 });
  });

  it('does not lend a role from one organisation to another', () => {
    const tally = new ReadinessTally(ALL);
    tally.add({
      segment: 'nhsmail',
      memberships: [
        { code: 'A81001', roles: ['View'] },
        { code: '16C', roles: ['Declaration Management'] },
      ],
    });
    expect(rowOf(tally.rows(), 'A81001')).toMatchObject({ atRisk: true, canSignIn: 1, canDeclare: 0 });
  });

  it('counts an account once in its region, and puts those at risk first', () => {
    const tally = new ReadinessTally(ALL);
    tally.add({
      segment: 'nhsmail',
      memberships: [
        { code: 'A81001', roles: ['Declaration Management'] },
        { code: '16C', roles: ['Approval Management'] },
        { code: 'Y63', roles: ['View'] },
        { code: 'GONE1', roles: ['View'] },
      ],
    });
    const rows = tally.rows();
    expect(rowOf(rows, 'Y63')).toMatchObject({
      canSignIn: 1,
      canDeclare: 1,
      canApprove: 1,
      canFinanciallyApprove: 0,
      atRisk: true,
      practicesAtRisk: 0,
      commissionersAtRisk: 1,
    });
    expect(rows.map(({ organisation }) => organisation)).toEqual(['16C', 'Y63', 'A81001']);
  });

  describe('of a region', () => {
    const ELSEWHERE: ReadinessOrganisation = { code: 'Y56', kind: 'region', regionCode: 'Y56' };
    const NEIGHBOUR: ReadinessOrganisation = { code: 'E87001', kind: 'practice', regionCode: 'Y56' };
    const SISTER: ReadinessOrganisation = { code: 'A81002', kind: 'practice', regionCode: 'Y63' };

    /** With one declarer in each of these practices. */
    function rowsWith(segments: Readonly<Record<string, Segment>>): Readiness[] {
      const tally = new ReadinessTally([PRACTICE, SISTER, REGION, NEIGHBOUR, ELSEWHERE]);
      for (const [code, segment] of Object.entries(segments))
        tally.add({ segment, memberships: [{ code, roles: ['Declaration Management'] }] });
      return tally.rows();
    }

    it('knows nothing of what another has at risk', () => {
      const rows = rowsWith({ A81001: 'nhsmail', A81002: 'nhsmail' });
      expect(rowOf(rows, 'Y63')).toMatchObject({ atRisk: false, practicesAtRisk: 0, reliesOnUnconfirmed: false });
      expect(rowOf(rows, 'Y56')).toMatchObject({ atRisk: true, practicesAtRisk: 1 });
      expect(rows.map(({ organisation }) => organisation)).toEqual(['E87001', 'Y56', 'A81001', 'A81002', 'Y63']);
    });

    it('relies on addresses that nobody confirmed where one of its organisations does', () => {
      const rows = rowsWith({ A81001: 'nhsmail-unconfirmed', A81002: 'nhsmail', E87001: 'nhsmail' });
      expect(rowOf(rows, 'Y63')).toMatchObject({ atRisk: false, reliesOnUnconfirmed: true, canDeclare: 2 });
      expect(rowOf(rows, 'Y56')).toMatchObject({ atRisk: false, reliesOnUnconfirmed: false });
    });

    it('is at risk, and no longer a matter of confirming, where one of its organisations is', () => {
      const rows = rowsWith({ A81001: 'nhsmail-unconfirmed', A81002: 'unknown' });
      expect(rowOf(rows, 'Y63')).toMatchObject({ atRisk: true, practicesAtRisk: 1, reliesOnUnconfirmed: false });
    });
  });
});
