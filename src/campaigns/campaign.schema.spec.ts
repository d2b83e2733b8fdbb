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

describe('the address of the guidance', () => {
  const takes = (guidanceUrl: string) => optionsSchema.safeParse({ guidanceUrl }).success;

  it.each(['https://digital.nhs.uk/cqrs', 'http://localhost:3000', 'https://a.example/@team?b=c&d=%20#e'])(
    'may be %s',
    (url) => {
      expect(takes(url)).toBe(true);
    },
  );

  it.each([
    'https://www.nhs.uk@elsewhere.example/',
    'https://user:password@a.example/',
    'https://a.example/"><b>',
    'https://a.example/ and more',
    'https://a.example/é',
    'https://1.2.3.999/',
    'https://',
    'https://a.example\\@elsewhere.example/',
    'javascript:alert(1)',
    'www.nhs.uk',
  ])('may not be %s', (url) => {
    expect(takes(url)).toBe(false);
  });
});
