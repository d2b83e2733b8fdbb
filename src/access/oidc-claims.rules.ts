import { type OidcConfig } from '../platform/config/index.js';
import { ACCESS_ROLES, type AccessRole } from './permission.rules.js';
import { type Identity } from './people.service.js';

export type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string };

/** Who the provider says this is. Values of the roles claim that are no role of ours are passed over. */
export function identityOf(claims: Claims, config: OidcConfig): Identity {
  const name = [claims['name'], claims['preferred_username']].find(
    (value): value is string => typeof value === 'string' && value.trim() !== '',
  );
  return {
    issuer: claims.iss,
    subject: claims.sub,
    displayName: (name ?? 'Name not given').trim().slice(0, 200),
    roles: config.rolesClaim === undefined ? undefined : rolesOf(claims[config.rolesClaim]),
    isAdmin: config.admins.includes(claims.sub) || config.admins.includes(verifiedAddress(claims) ?? ''),
  };
}

/** A list, or one text with spaces or commas between. */
function rolesOf(claim: unknown): AccessRole[] {
  const values: unknown[] = typeof claim === 'string' ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim : [];
  return ACCESS_ROLES.filter((role) => values.includes(role));
}

/** An address that the provider has not verified may have been typed in by anybody. */
function verifiedAddress(claims: Claims): string | undefined {
  return claims['email_verified'] === true && typeof claims['email'] === 'string' ? claims['email'] : undefined;
}
