import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Clock } from '../shared/clock.js';
import { ConflictError, ForbiddenError, NotFoundError } from '../shared/errors.js';
import { type OdsCode } from '../shared/ods-code.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { STALE_VERSION } from '../platform/http/index.js';
import { AuditTrail } from './audit-trail.js';
import { type AccessRole, permissionsOf } from './permission.rules.js';
import { PersonRepository, type PersonRow } from './person.repository.js';
import { type Person, type PersonChange } from './person.schema.js';
import { type Principal, requireRegion } from './principal.js';

/** Somebody as the sign-in provider vouches for them. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly displayName: string;
  /** Undefined: the provider does not say, and the roles given here stay as they are. */
  readonly roles: readonly AccessRole[] | undefined;
  /** Null: the whole country. Undefined: the provider does not say, and the region given here stays as it is. */
  readonly region: OdsCode | null | undefined;
  /** Named in the configuration as an administrator: of the whole country, whatever the provider says. */
  readonly isAdmin: boolean;
  /** Undefined: the provider names none, or has not verified it. */
  readonly address: string | undefined;
}

/** The people who sign in, and what they may do. */
@Injectable()
export class People {
  constructor(
    private readonly people: PersonRepository,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Takes note that somebody signed in: a new person gets a row, a known one the present name and roles. Throws
   * ForbiddenError `access-closed`.
   */
  async signedIn(identity: Identity): Promise<PersonRow> {
    return this.people.db.transaction().execute(async (trx) => {
      const known = await this.people.findOrCreate(
        {
          id: uuid(),
          issuer: identity.issuer,
          subject: identity.subject,
          display_name: identity.displayName,
          roles: [],
          region: null,
          version: 1,
          created_at: this.clock.now(),
          deactivated_at: null,
        },
        trx,
      );
      if (known.deactivated_at) {
        throw new ForbiddenError('access-closed', 'An administrator has closed your access. Ask the CQRS team.');
      }
      const given = identity.roles ?? known.roles;
      const roles = [...new Set<AccessRole>(identity.isAdmin ? [...given, 'admin'] : given)];
      const region = identity.region === undefined ? known.region : identity.isAdmin ? null : identity.region;
      const changed =
        known.display_name !== identity.displayName || region !== known.region || !sameRoles(roles, known.roles);
      const person = changed
        ? await this.people.update(known.id, { display_name: identity.displayName, roles, region }, trx)
        : known;
      const actor = `person:${person.id}`;
      const details = { roles, region };
      await this.audit.record({ actor, action: 'person.signed-in', subject: actor, details }, trx);
      return person;
    });
  }

  /** One more than `limit`, newest first; `find` is a part of the name. */
  async list(viewer: Principal, before: string | undefined, limit: number, find?: string): Promise<Person[]> {
    return (await this.people.page(viewer.region, before, limit + 1, find)).map(shown);
  }

  /** Throws NotFoundError, also for somebody of another region than the viewer's. */
  async get(id: string, viewer: Principal): Promise<Person> {
    const row = await this.people.find(id);
    if (row && (viewer.region === undefined || row.region === viewer.region)) return shown(row);
    throw new NotFoundError('no-such-person', `There is no person ${id}`);
  }

  /** False where the sign-in provider says who has which role. */
  get givesRoles(): boolean {
    return this.config.oidc?.rolesClaim === undefined;
  }

  /** False where the sign-in provider says who acts for which region. */
  get givesRegions(): boolean {
    return this.config.oidc?.groups === undefined;
  }

  /**
   * Gives roles and region to somebody else, or closes their access. Throws NotFoundError, ConflictError (stale version,
   * roles or a region that the provider decides, the last administrator), ForbiddenError (one's own roles, more than one's own
   * permissions, another region).
   */
  async change(id: string, version: number, change: PersonChange, by: Principal): Promise<Person> {
    if (by.id === `person:${id}`) throw new ForbiddenError('own-roles', 'Nobody changes their own roles');
    const beyond = permissionsOf(change.roles).filter((permission) => !by.permissions.includes(permission));
    if (beyond.length > 0) {
      throw new ForbiddenError('beyond-own-permissions', `You cannot give what you may not do: ${beyond.join(', ')}`);
    }
    return this.people.db.transaction().execute(async (trx) => {
      // Before the person, who may be one of them: two who change each other would wait for each other.
      const administrators = await this.people.lockAdministrators(trx);
      const row = await this.people.lock(id, trx);
      if (!row) throw new NotFoundError('no-such-person', `There is no person ${id}`);
      requireRegion(by, row.region ?? undefined);
      requireRegion(by, change.region ?? undefined);
      if (row.version !== version) throw new ConflictError(STALE_VERSION, `Person ${id} has changed since you read it`);
      if (!this.givesRoles && !sameRoles(change.roles, row.roles)) {
        throw new ConflictError('roles-from-provider', 'Roles come from the sign-in provider: change them there');
      }
      if (!this.givesRegions && change.region !== row.region) {
        throw new ConflictError('region-from-provider', 'Regions come from the sign-in provider: change them there');
      }
      const active = change.active ?? row.deactivated_at === null;
      const staysAdministrator = active && change.roles.includes('admin') && change.region === null;
      if (!staysAdministrator && administrators.length === 1 && administrators[0] === id) {
        throw new ConflictError('last-administrator', 'Nobody else is administrator: make somebody else one first');
      }
      const changed = await this.people.update(
        id,
        {
          roles: [...new Set(change.roles)],
          region: change.region,
          deactivated_at: active ? null : (row.deactivated_at ?? this.clock.now()),
        },
        trx,
      );
      const details = { roles: changed.roles, region: changed.region, active };
      await this.audit.record({ actor: by.id, action: 'person.changed', subject: `person:${id}`, details }, trx);
      return shown(changed);
    });
  }
}

function sameRoles(a: readonly AccessRole[], b: readonly AccessRole[]): boolean {
  return [...new Set(a)].sort().join() === [...new Set(b)].sort().join();
}

function shown(row: PersonRow): Person {
  return {
    id: row.id,
    name: row.display_name,
    roles: row.roles,
    active: row.deactivated_at === null,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    ...(row.region !== null && { region: row.region }),
  };
}
