import { z } from 'zod';
import { ACCESS_ROLES, type AccessRole } from '../../shared/access-role.js';
import { type OdsCode, parseOdsCode } from '../../shared/ods-code.js';

/** What being in a group of the sign-in provider gives. */
export interface GroupGrant {
  /** As the provider's claim names it: a name, or with Entra an object id. */
  readonly group: string;
  readonly role: AccessRole;
  /** The one NHS England region that the person is confined to; undefined: the whole country. */
  readonly region: OdsCode | undefined;
}

const FORM = /^(?<group>.+)=\s*(?<role>[a-z]+)(?:@(?<region>[^@=]+))?$/;

/** The setting `OIDC_GROUPS`: `CQRS authors=author, CQRS London operators=operator@Y56`. */
export const groupGrants = z.string().transform((text, context): GroupGrant[] =>
  text
    .split(/[,;\n]/)
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry) => {
      const { group, role, region } = FORM.exec(entry)?.groups ?? {};
      const known = ACCESS_ROLES.find((each) => each === role);
      const code = region === undefined ? undefined : parseOdsCode(region);
      if (group === undefined || known === undefined || (region !== undefined && code === undefined)) {
        context.addIssue({
          code: 'custom',
          message: `"${entry}": expected GROUP=ROLE or GROUP=ROLE@REGION, with one of the roles ${ACCESS_ROLES.join(', ')} and the ODS code of a region, as Y56`,
        });
        return z.NEVER;
      }
      return { group: group.trim(), role: known, region: code };
    }),
);
