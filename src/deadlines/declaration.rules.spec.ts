import { blockerOf, declarationSchema } from './declaration.rules.js';

describe('blockerOf', () => {
  it.each([
    // declaration required, approval required
    [true, true, 'not-declared', 'practice'],
    [true, true, 'returned', 'practice'],
    [true, true, 'declared', 'commissioner'],
    [true, true, 'approved', 'commissioner'],
    [true, true, 'financially-approved', 'nobody'],
    [true, false, 'not-declared', 'practice'],
    [true, false, 'returned', 'practice'],
    [true, false, 'declared', 'nobody'],
    [true, false, 'approved', 'commissioner'],
    [true, false, 'financially-approved', 'nobody'],
    [false, true, 'not-declared', 'nobody'],
    [false, true, 'returned', 'nobody'],
    [false, true, 'declared', 'nobody'],
    [false, true, 'approved', 'nobody'],
    [false, true, 'financially-approved', 'nobody'],
    [false, false, 'not-declared', 'nobody'],
    [false, false, 'returned', 'nobody'],
    [false, false, 'declared', 'nobody'],
    [false, false, 'approved', 'nobody'],
    [false, false, 'financially-approved', 'nobody'],
  ] as const)('declaration required %s, approval required %s, %s: %s', (required, approval, status, who) => {
    expect(blockerOf({ declarationRequired: required, approvalRequired: approval, status })).toBe(who);
  });
});

describe('declarationSchema', () => {
  const posted = {
    organisationCode: ' a81001 ',
    service: ' Quality  and Outcomes Framework ',
    period: '2025/26',
    declarationRequired: true,
    approvalRequired: true,
    status: 'declared',
    updatedAt: '2026-09-10T10:30:00+01:00',
  };

  it('reads what CQRS posts', () => {
    expect(declarationSchema.parse(posted)).toEqual({
      ...posted,
      organisationCode: 'A81001',
      service: 'Quality and Outcomes Framework',
      updatedAt: new Date('2026-09-10T09:30:00Z'),
    });
  });

  it.each([
    ['organisationCode', 'A8'],
    ['service', '   '],
    ['period', 'x'.repeat(201)],
    ['declarationRequired', 'yes'],
    ['status', 'Declared'],
    ['updatedAt', '2026-09-10T10:30:00'],
    ['updatedAt', '2026-02-30T10:30:00Z'],
    ['surprise', true],
  ])('refuses %s of %p and names the field', (field, value) => {
    const issues = declarationSchema.safeParse({ ...posted, [field]: value }).error?.issues ?? [];
    expect(JSON.stringify(issues)).toContain(field);
  });
});
