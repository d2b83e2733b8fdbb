import { optionsSchema } from './campaign.schema.js';

describe('the address of the service desk', () => {
  const takes = (email: string) => optionsSchema.safeParse({ serviceDesk: { name: 'Desk', email } }).success;

  it('is one that mail can be sent to', () => {
    expect(takes('desk@nhs.example')).toBe(true);
    // RFC 5321, 4.5.3.1.1: at most 64 characters before the @.
    expect(takes(`${'x'.repeat(65)}@nhs.example`)).toBe(false);
    expect(takes('desk')).toBe(false);
  });
});
