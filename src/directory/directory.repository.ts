import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import {
  type CqrsRole,
  type DirectoryTables,
  type ImportKind,
  type AccountStatus,
  type OrganisationKind,
  type OrganisationStatus,
} from './directory.tables.js';

export interface Organisation {
  readonly code: string;
  readonly kind: OrganisationKind;
  readonly name: string;
  readonly status: OrganisationStatus;
  readonly isGpPractice: boolean;
  readonly regionCode: string | null;
  readonly icbCode: string | null;
  readonly commissionerCode: string | null;
  readonly openedOn: string | null;
  readonly closedOn: string | null;
}

/** A fact of an organisation that changed, with the day the files give for it. */
export interface OrganisationChange {
  readonly field: 'status' | 'name' | 'region' | 'icb' | 'commissioner';
  readonly before: string | null;
  readonly after: string | null;
  readonly effectiveOn: string;
}

export interface Account {
  readonly id: string;
  readonly firstName: string;
  readonly lastName: string;
  /** As registered in CQRS. */
  readonly email: string | null;
  readonly status: AccountStatus;
  readonly lastSignIn: string | null;
  /** When an export first lacked it. */
  readonly goneAt: Date | null;
  readonly memberships: readonly {
    readonly organisationCode: string;
    readonly roles: readonly CqrsRole[];
    readonly unknownRoles: readonly string[];
  }[];
}

export interface OrganisationFilter {
  readonly kind?: OrganisationKind | undefined;
  readonly status?: OrganisationStatus | undefined;
  readonly region?: string | undefined;
  readonly commissioner?: string | undefined;
}

export interface AccountFilter {
  readonly organisation?: string | undefined;
  readonly region?: string | undefined;
}

export interface DirectoryCounts {
  /** Active GP practices of England: the audience. */
  readonly practices: number;
  /** Active commissioners and regions. */
  readonly commissioners: number;
  readonly regions: number;
  readonly accounts: number;
  readonly activeAccounts: number;
  readonly nhsmailEntries: number;
  readonly knownWithoutNhsmail: number;
}

export interface ImportBatch {
  readonly id: number;
  readonly kind: ImportKind;
  readonly files: unknown;
  readonly added: number;
  readonly changed: number;
  readonly gone: number;
  readonly unchanged: number;
  readonly importedBy: string;
  readonly appliedAt: Date;
  /** The import that this one put back. */
  readonly undoes: number | null;
  /** The import that put this one back. */
  readonly undoneBy: number | null;
}

@Injectable()
export class DirectoryRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DirectoryTables>) {}

  async organisation(code: string): Promise<Organisation | undefined> {
    return this.organisations().where('code', '=', code).executeTakeFirst();
  }

  async history(code: string): Promise<OrganisationChange[]> {
    return this.db
      .selectFrom('organisation_history')
      .select(['field', 'before_value as before', 'after_value as after', 'effective_on as effectiveOn'])
      .where('code', '=', code)
      .orderBy('effective_on')
      .orderBy('field')
      .execute();
  }

  async account(id: string): Promise<Account | undefined> {
    const account = await this.db
      .selectFrom('account')
      .select(['id', 'first_name as firstName', 'last_name as lastName', 'email', 'status'])
      .select(['last_sign_in as lastSignIn', 'gone_at as goneAt'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (!account) return undefined;
    const memberships = await this.db
      .selectFrom('membership')
      .select(['organisation_code as organisationCode', 'roles', 'unknown_roles as unknownRoles'])
      .where('account_id', '=', id)
      .orderBy('organisation_code')
      .execute();
    return { ...account, memberships };
  }

  async counts(): Promise<DirectoryCounts> {
    const { rows } = await sql<DirectoryCounts>`
      select
        (select count(*) from organisation where is_gp_practice and status = 'active') as practices,
        (select count(*) from organisation where kind = 'commissioner' and status = 'active') as commissioners,
        (select count(*) from organisation where kind = 'region' and status = 'active') as regions,
        (select count(*) from account) as accounts,
        (select count(*) from account where status = 'active') as "activeAccounts",
        (select count(*) from nhsmail_entry) as "nhsmailEntries",
        (select count(*) from no_nhsmail) as "knownWithoutNhsmail"`.execute(this.db);
    return rows[0] as DirectoryCounts;
  }

  /** Newest first; page on with the last id. */
  async batchesBefore(id: number | undefined, limit: number): Promise<ImportBatch[]> {
    return this.batches(this.db)
      .$if(id !== undefined, (query) => query.where('batch.id', '<', id ?? 0))
      .orderBy('batch.id', 'desc')
      .limit(limit)
      .execute();
  }

  async batch(id: number, db: Kysely<DirectoryTables>): Promise<ImportBatch | undefined> {
    return this.batches(db).where('batch.id', '=', id).executeTakeFirst();
  }

  /** Of each kind the newest import that stands and did something: neither an undo nor undone. */
  async newestBatches(db: Kysely<DirectoryTables>): Promise<{ id: number; kind: ImportKind }[]> {
    return db
      .selectFrom('import_batch as batch')
      .leftJoin('import_batch as undo', 'undo.undoes', 'batch.id')
      .select(['batch.kind', (set) => set.fn.max('batch.id').as('id')])
      .where('batch.undoes', 'is', null)
      .where('undo.id', 'is', null)
      .where(changedSomething)
      .groupBy('batch.kind')
      .execute();
  }

  /** Asked of an import that stands: what an undone one changed is forgotten. */
  async hasChanged(id: number, db: Kysely<DirectoryTables>): Promise<boolean> {
    const query = db.selectFrom('import_batch as batch').select('id').where('id', '=', id).where(changedSomething);
    return (await query.executeTakeFirst()) !== undefined;
  }

  /** In code order. A region counts as being in itself. */
  async organisationsAfter(filter: OrganisationFilter, after: string, limit: number): Promise<Organisation[]> {
    let query = this.organisations().where('code', '>', after).orderBy('code').limit(limit);
    const { kind, status, region, commissioner } = filter;
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (status !== undefined) query = query.where('status', '=', status);
    if (region !== undefined)
      query = query.where((is) => is.or([is('region_code', '=', region), is('code', '=', region)]));
    if (commissioner !== undefined) query = query.where('commissioner_code', '=', commissioner);
    return query.execute();
  }

  /** Ids in order, `limit` of them after the given one. */
  async accountIdsAfter({ organisation, region }: AccountFilter, after: string, limit: number): Promise<string[]> {
    let query = this.db.selectFrom('account').select('id').where('id', '>', after).orderBy('id').limit(limit);
    if (organisation !== undefined || region !== undefined) {
      query = query.where((is) => {
        let memberships = is
          .selectFrom('membership')
          .innerJoin('organisation', 'organisation.code', 'membership.organisation_code')
          .select('organisation.code')
          .whereRef('membership.account_id', '=', 'account.id');
        if (organisation !== undefined) memberships = memberships.where('organisation.code', '=', organisation);
        if (region !== undefined)
          memberships = memberships.where((its) =>
            its.or([its('organisation.region_code', '=', region), its('organisation.code', '=', region)]),
          );
        return is.exists(memberships);
      });
    }
    return (await query.execute()).map(({ id }) => id);
  }

  /** The region of each of these organisations, of a region its own code. Codes without a region are left out. */
  async regionsOf(codes: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.db
      .selectFrom('organisation')
      .select(['code', 'kind', 'region_code'])
      .where('code', '=', sql<string>`any(${[...codes]})`)
      .execute();
    return new Map(
      rows.flatMap(({ code, kind, region_code }) => {
        const region = kind === 'region' ? code : region_code;
        return region === null ? [] : [[code, region] as const];
      }),
    );
  }

  async kindsOf(codes: readonly string[]): Promise<Map<string, OrganisationKind>> {
    const rows = await this.db
      .selectFrom('organisation')
      .select(['code', 'kind'])
      .where('code', '=', sql<string>`any(${[...codes]})`)
      .execute();
    return new Map(rows.map(({ code, kind }) => [code, kind]));
  }

  private batches(db: Kysely<DirectoryTables>) {
    return db
      .selectFrom('import_batch as batch')
      .leftJoin('import_batch as undo', 'undo.undoes', 'batch.id')
      .select(['batch.id', 'batch.kind', 'batch.files', 'batch.added', 'batch.changed', 'batch.gone'])
      .select(['batch.unchanged', 'batch.imported_by as importedBy', 'batch.applied_at as appliedAt'])
      .select(['batch.undoes', 'undo.id as undoneBy']);
  }

  private organisations() {
    return this.db
      .selectFrom('organisation')
      .select(['code', 'kind', 'name', 'status', 'is_gp_practice as isGpPractice', 'region_code as regionCode'])
      .select(['icb_code as icbCode', 'commissioner_code as commissionerCode'])
      .select(['opened_on as openedOn', 'closed_on as closedOn']);
  }
}

/** A file that only gives known versions of organisations later dates adds, changes and ends nothing. */
const changedSomething = sql<boolean>`(
  batch.added + batch.changed + batch.gone > 0
  or exists (select from import_previous previous where previous.batch_id = batch.id)
  or (batch.kind = 'organisations' and exists (select from organisation_version v where v.batch_id = batch.id))
)`;
