import { type OrganisationBlockers } from '../deadlines/index.js';
import { type OdsCode } from '../shared/ods-code.js';
import { outstandingWork } from './reminder.rules.js';

const blocker = (code: string, who: 'practice' | 'commissioner' | 'both'): OrganisationBlockers => ({
  organisationCode: code as OdsCode,
  commissionerCode: '16C' as OdsCode,
  practice: who !== 'commissioner',
  commissioner: who !== 'practice',
  blockedBy: who,
  services: [
    ...(who === 'commissioner'
      ? []
      : [{ service: 'QOF', period: '2025/26', status: 'not-declared' as const, blocker: 'practice' as const }]),
    ...(who === 'practice'
      ? []
      : [{ service: 'DES', period: '2025/26', status: 'declared' as const, blocker: 'commissioner' as const }]),
  ],
});
const outstanding = outstandingWork(
  [blocker('A81001', 'practice'), blocker('A81002', 'commissioner'), blocker('A81003', 'both')],
  (code) => `Practice ${code}`,
);

describe('what a reminder is about', () => {
  it('names to a practice what it has not declared, and nothing that waits for its commissioner', () => {
    const work = outstanding(
      ['A81001', 'A81002', 'A81003', 'A81004'].map((organisation) => ({ organisation, actor: 'practice' })),
    );
    expect(work.practices).toEqual([
      { code: 'A81001', name: 'Practice A81001', status: 'QOF 2025/26: not yet declared' },
      { code: 'A81003', name: 'Practice A81003', status: 'QOF 2025/26: not yet declared' },
    ]);
    expect(work.guard).toEqual({ actor: 'practice', organisationCodes: ['A81001', 'A81003'] });
  });

  it('names to a commissioner the practices that wait for it, and tells the commissioner itself', () => {
    const work = outstanding([{ organisation: '16C', actor: 'commissioner' }]);
    expect(work.practices.map(({ code, status }) => [code, status])).toEqual([
      ['A81002', 'DES 2025/26: declared, not yet approved'],
      ['A81003', 'DES 2025/26: declared, not yet approved'],
    ]);
    expect(work.organisationCodes).toEqual(['16C']);
  });

  it('is nothing for who has done all there is to do', () => {
    expect(outstanding([{ organisation: 'A81004', actor: 'practice' }]).practices).toEqual([]);
    expect(outstanding([{ organisation: '99Z', actor: 'commissioner' }]).practices).toEqual([]);
  });
});
