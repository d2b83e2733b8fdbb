import { type OidcConfig } from '../platform/config/index.js';
import { ForbiddenError } from '../shared/errors.js';
import { type OdsCode } from '../shared/ods-code.js';
import { ACCESS_ROLES } from './permission.rules.js';
import { type Identity } from './people.service.js';

export type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string };

/**
 * Who the provider says this is. Values of the roles claim that mean nothing to us are passed over. Somebody in groups
 * of one region and of the whole country is confined to the region. @throws ForbiddenError `several-regions`.
 */
export function identityOf(claims: Claims, config: OidcConfig): Identity {
  const name = [claims['name'], claims['preferred_username']].find(
    (value): value is string => typeof value === 'string' && value.trim() !== '',
  );
  const address = verifiedAddress(claims);
  return {
    issuer: claims.iss,
    subject: claims.sub,
    displayName: (name ?? 'Name not given').trim().slice(0, 200),
    ...grantedBy(claims, config),
    isAdmin: config.admins.includes(claims.sub) || config.admins.includes(address ?? ''),
    address,
  };
}

function grantedBy(claims: Claims, { rolesClaim, groups }: OidcConfig): Pick<Identity, 'roles' | 'region'> {
  if (rolesClaim === undefined) return { roles: undefined, region: undefined };
  const values = valuesOf(claims[rolesClaim]);
  if (!groups) return { roles: ACCESS_ROLES.filter((role) => values.includes(role)), region: undefined };
  const grants = groups.filter(({ group }) => values.includes(group));
  const regions = [...new Set(grants.flatMap(({ region }): OdsCode[] => (region === undefined ? [] : [region])))];
  if (regions.length > 1) {
    throw new ForbiddenError(
      'several-regions',
      `Your groups name several regions (${regions.sort().join(', ')}), and a person acts for one. Ask whoever keeps the groups.`,
    );
  }
  return {
    roles: ACCESS_ROLES.filter((role) => grants.some((grant) => grant.role === role)),
    region: regions[0] ?? null,
  };
}

/** A list, or one text with spaces or commas between. */
function valuesOf(claim: unknown): readonly unknown[] {
  return typeof claim === 'string' ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim : [];
}

/** An address that the provider has not verified may have been typed in by anybody. */
function verifiedAddress(claims: Claims): string | undefined {
  return claims['email_verified'] === true && typeof claims['email'] === 'string' ? claims['email'] : undefined;
}
