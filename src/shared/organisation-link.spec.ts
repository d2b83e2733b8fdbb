import fc from 'fast-check';
import {
  LINK_PURPOSES,
  linksExpireAt,
  type OrganisationLink,
  organisationLinkPath,
  organisationToken,
  readOrganisationToken,
} from './organisation-link.js';

const SECRET = 'a secret of the tests, forty characters!';
const LINK: OrganisationLink = {
  purpose: 'answer',
  cascadeId: '7f9d5c1e-6f1b-5d0a-9a57-0d1f1f6f2c11',
  organisation: '16C',
  generation: 1,
  expiresAt: new Date('2026-12-27T07:00:00Z'),
};

describe('organisation links', () => {
  it('reads back every link that it made', () => {
    fc.assert(
      fc.property(
        fc.record({
          purpose: fc.constantFrom(...LINK_PURPOSES),
          cascadeId: fc.uuid(),
          organisation: fc.stringMatching(/^[A-Z0-9]{3,10}$/),
          generation: fc.integer({ min: 1, max: 999_999 }),
          expiresAt: fc.integer({ min: 1, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000)),
        }),
        (link) => {
          expect(readOrganisationToken(organisationToken(link, SECRET), SECRET)).toEqual(link);
        },
      ),
    );
  });

  it('refuses a token of which any one character was changed', () => {
    const token = organisationToken(LINK, SECRET);
    for (let i = 0; i < token.length; i += 1) {
      const other = token[i] === 'a' ? 'b' : 'a';
      expect(readOrganisationToken(token.slice(0, i) + other + token.slice(i + 1), SECRET)).toBeUndefined();
    }
  });

  it.each([
    '',
    'answer',
    'x'.repeat(5_000),
    `${organisationToken(LINK, SECRET)}x`,
    organisationToken(LINK, SECRET).slice(1),
  ])('refuses %.20s…, which it did not make', (token) => {
    expect(readOrganisationToken(token, SECRET)).toBeUndefined();
  });

  it('refuses a token that was signed with another secret', () => {
    expect(readOrganisationToken(organisationToken(LINK, `${SECRET}!`), SECRET)).toBeUndefined();
  });

  it('makes a path that a mail program does not break', () => {
    expect(organisationLinkPath(LINK, SECRET)).toMatch(/^\/cascade\/[A-Za-z0-9._-]{60,110}$/);
  });

  it('lets links outlive their round by 90 days', () => {
    expect(linksExpireAt(new Date('2026-09-28T07:00:00.500Z'))).toEqual(new Date('2026-12-27T07:00:00Z'));
  });
});
