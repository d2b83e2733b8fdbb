import { type OidcConfig } from '../platform/config/index.js';
import { parseOdsCode } from '../shared/ods-code.js';
import { identityOf } from './oidc-claims.rules.js';

const config: OidcConfig = {
  issuer: 'https://login.example.test',
  clientId: 'cqrs-comms',
  clientSecret: undefined,
  scope: 'openid',
  rolesClaim: 'groups',
  groups: undefined,
  admins: ['subject-1', 'chief.sample1@nhs.net'],
};
const claims = { iss: 'https://login.example.test', sub: 'subject-9', name: 'Testa Sample' };

describe('what the provider says about somebody', () => {
  it.each([
    [
      ['author', 'approver', 'author', 'Domain Users', 7],
      ['author', 'approver'],
    ],
    ['viewer operator', ['viewer', 'operator']],
    ['viewer,admin', ['viewer', 'admin']],
    ['superadmin', []],
    [{ author: true }, []],
    [undefined, []],
  ])('reads the roles in %j as %j', (groups, roles) => {
    expect(identityOf({ ...claims, groups }, config).roles).toEqual(roles);
  });

  describe('with groups that have a meaning here', () => {
    const [london, midlands] = [parseOdsCode('Y56'), parseOdsCode('Y60')];
    const granting: OidcConfig = {
      ...config,
      groups: [
        { group: 'CQRS viewers', role: 'viewer', region: undefined },
        { group: 'CQRS London', role: 'author', region: london },
        { group: 'CQRS London', role: 'operator', region: london },
        { group: 'CQRS Midlands', role: 'author', region: midlands },
      ],
    };

    it.each([
      [['CQRS viewers', 'Domain Users'], ['viewer'], null],
      [['CQRS London'], ['author', 'operator'], 'Y56'],
      // The narrower of the two: nobody gets a role in the whole country by being in a region's group.
      [['CQRS London', 'CQRS viewers'], ['viewer', 'author', 'operator'], 'Y56'],
      // The name of a role is a group like any other.
      [['admin'], [], null],
      [undefined, [], null],
    ])('%j gives %j in %s', (values, roles, region) => {
      expect(identityOf({ ...claims, groups: values }, granting)).toMatchObject({ roles, region });
    });

    it('refuses somebody of two regions', () => {
      expect(() => identityOf({ ...claims, groups: ['CQRS Midlands', 'CQRS London'] }, granting)).toThrow(
        'Your groups name several regions (Y56, Y60)',
      );
    });
  });

  it('leaves regions to us without them', () => {
    expect(identityOf({ ...claims, groups: ['author'] }, config).region).toBeUndefined();
  });

  it('leaves roles to us when no claim is configured', () => {
    expect(identityOf({ ...claims, groups: ['admin'] }, { ...config, rolesClaim: undefined }).roles).toBeUndefined();
  });

  it.each([
    [{ sub: 'subject-1' }, true],
    [{ email: 'chief.sample1@nhs.net', email_verified: true }, true],
    [{ email: 'chief.sample1@nhs.net', email_verified: false }, false],
    [{ email: 'chief.sample1@nhs.net' }, false],
    [{ email: 'chief.sample1@nhs.net', email_verified: 'true' }, false],
    [{ preferred_username: 'chief.sample1@nhs.net' }, false],
    [{ email: '', email_verified: true }, false],
  ])('with %j makes an administrator: %s', (more, isAdmin) => {
    expect(identityOf({ ...claims, ...more }, config).isAdmin).toBe(isAdmin);
  });

  it('always has a name to show', () => {
    expect(identityOf({ ...claims, name: ' ' }, config).displayName).toBe('Name not given');
    expect(identityOf({ ...claims, name: 7, preferred_username: 'testa' }, config).displayName).toBe('testa');
  });
});
