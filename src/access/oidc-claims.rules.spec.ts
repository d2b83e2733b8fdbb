import { type OidcConfig } from '../platform/config/index.js';
import { identityOf } from './oidc-claims.rules.js';

const config: OidcConfig = {
  issuer: 'https://login.example.test',
  clientId: 'cqrs-comms',
  clientSecret: undefined,
  scope: 'openid',
  rolesClaim: 'groups',
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
