import { loadConfig } from './config.js';
import { groupGrants } from './group-grants.js';

describe('what groups of the sign-in provider give', () => {
  it('reads names with spaces and signs, one role each, and a region where there is one', () => {
    expect(groupGrants.parse('CQRS authors=author, a=b = viewer@y56;\n3f1c0b0e-77aa=operator@Y60,')).toEqual([
      { group: 'CQRS authors', role: 'author', region: undefined },
      { group: 'a=b', role: 'viewer', region: 'Y56' },
      { group: '3f1c0b0e-77aa', role: 'operator', region: 'Y60' },
    ]);
  });

  it.each(['authors', 'authors=', '=author', 'authors=superadmin', 'authors=author@', 'authors=author@London!'])(
    'refuses %j',
    (text) => {
      expect(groupGrants.safeParse(text).error?.issues[0]?.message).toContain(
        'expected GROUP=ROLE or GROUP=ROLE@REGION',
      );
    },
  );

  it('needs the claim that lists the groups', () => {
    const oidc = { OIDC_ISSUER: 'https://login.example.test', OIDC_CLIENT_ID: 'cqrs-comms', OIDC_GROUPS: 'a=author' };
    expect(() => loadConfig({ NODE_ENV: 'test', ...oidc })).toThrow('OIDC_ROLES_CLAIM: OIDC_GROUPS needs');
    const { groups } = loadConfig({ NODE_ENV: 'test', ...oidc, OIDC_ROLES_CLAIM: 'groups' }).oidc!;
    expect(groups).toEqual([{ group: 'a', role: 'author', region: undefined }]);
  });
});
