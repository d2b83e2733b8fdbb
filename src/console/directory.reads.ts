import { Injectable } from '@nestjs/common';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type AccountStatus, type CqrsRole, type OrganisationKind } from '../directory/index.js';
import { containing, InjectDatabase } from '../platform/database/index.js';
import { type ConsoleTables } from './console.tables.js';

export interface FoundAccount {
  readonly id: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string | null;
  readonly status: AccountStatus;
  readonly organisations: readonly {
    readonly code: string;
    readonly name: string | null;
    readonly roles: readonly CqrsRole[];
  }[];
}

export interface NamedOrganisation {
  readonly code: string;
  readonly name: string;
  readonly kind: OrganisationKind;
}

/** Searches and lists of the directory, as the pages need them. */
@Injectable()
export class DirectoryReads {
  constructor(@InjectDatabase() private readonly db: Kysely<ConsoleTables>) {}

  /** Accounts as `accountIds` finds them; in id order, `limit` of them after an id, of one region or of all. */
  async findAccounts(find: string, after: string, limit: number, region?: string): Promise<FoundAccount[]> {
    return this.accounts(sql`where a.id in (${matching(find, after, limit, region)}) order by a.id limit ${limit}`);
  }

  /** Ids of accounts by id, organisation code, or words of which each is a part of the name or address; at most `limit`. */
  async accountIds(find: string, limit: number): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`${matching(find, '', limit)} limit ${limit}`.execute(this.db);
    return rows.map(({ id }) => id);
  }

  async accountsOf(organisationCode: string): Promise<FoundAccount[]> {
    return this.accounts(
      sql`where a.id in (select account_id from membership where organisation_code = ${organisationCode})
        order by a.last_name, a.first_name, a.id`,
    );
  }

  async accountsById(ids: readonly string[]): Promise<FoundAccount[]> {
    return this.accounts(sql`where a.id = any(${[...ids]}::text[]) order by a.id`);
  }

  /** Open practices, commissioners and regions by code or a part of the name; of one region, or of all. */
  async findOrganisations(find: string, limit: number, region?: string): Promise<NamedOrganisation[]> {
    return this.db
      .selectFrom('organisation')
      .select(['code', 'name', 'kind'])
      .where('status', '=', 'active')
      .where('kind', 'in', ['practice', 'commissioner', 'region'])
      .where((is) => is.or([is('code', '=', find.toUpperCase()), isNamed(find)]))
      .$if(region !== undefined, (those) => those.where(sql<boolean>`${region} in (code, region_code)`))
      .orderBy('kind')
      .orderBy('name')
      .limit(limit)
      .execute();
  }

  async organisationsOf(kind: 'region' | 'commissioner'): Promise<NamedOrganisation[]> {
    return this.db
      .selectFrom('organisation')
      .select(['code', 'name', 'kind'])
      .where('status', '=', 'active')
      .where('kind', '=', kind)
      .orderBy('name')
      .execute();
  }

  async practicesOf(commissionerCode: string): Promise<NamedOrganisation[]> {
    return this.db
      .selectFrom('organisation')
      .select(['code', 'name', 'kind'])
      .where('status', '=', 'active')
      .where('is_gp_practice', '=', true)
      .where('commissioner_code', '=', commissionerCode)
      .orderBy('name')
      .execute();
  }

  async names(codes: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.db
      .selectFrom('organisation')
      .select(['code', 'name'])
      .where('code', '=', sql<string>`any(${[...codes]})`)
      .execute();
    return new Map(rows.map(({ code, name }) => [code, name]));
  }

  async declarations(organisationCode: string) {
    return this.db
      .selectFrom('declaration')
      .select(['service', 'period', 'status', 'updated_at as updatedAt'])
      .where('organisation_code', '=', organisationCode)
      .orderBy('service')
      .orderBy('period')
      .execute();
  }

  private async accounts(which: ReturnType<typeof sql>): Promise<FoundAccount[]> {
    const { rows } = await sql<FoundAccount>`
      select a.id, a.first_name as "firstName", a.last_name as "lastName", a.email, a.status,
        coalesce((
          select json_agg(json_build_object('code', m.organisation_code, 'name', o.name, 'roles', m.roles)
            order by m.organisation_code)
          from membership m left join organisation o on o.code = m.organisation_code
          where m.account_id = a.id
        ), '[]') as organisations
      from account a ${which}`.execute(this.db);
    return rows;
  }
}

/** A name holds the words, however their apostrophes, accents and dots are written; `name` is a folded one. */
export function isNamed(words: string, name: RawBuilder<unknown> = sql`search_name`): RawBuilder<boolean> {
  return sql<boolean>`${name} like search_fold(${containing(words.replaceAll('.', ''))})`;
}

/**
 * A query for the ids, each branch by an index of its own. Words of fewer than three letters are in no index: then the
 * accounts are read in id order until there are enough.
 */
function matching(find: string, after: string, limit: number, region?: string) {
  const words = find.split(/\s+/).filter((word) => word !== '');
  const all = words.map((word) => sql`search_text like search_fold(${containing(word)})`);
  const isSeen = (id: ReturnType<typeof sql>) =>
    region === undefined
      ? sql`true`
      : sql`exists (select from membership m join organisation o on o.code = m.organisation_code
          where m.account_id = ${id} and ${region} in (o.code, o.region_code))`;
  return sql`
    select id from account where id in (${find}, ${find.toUpperCase()}) and id > ${after} and ${isSeen(sql`account.id`)}
    union select account_id from membership where organisation_code = ${find.toUpperCase()} and account_id > ${after}
      and ${isSeen(sql`membership.account_id`)}
    union (select id from account where id > ${after} and ${sql.join(all, sql` and `)} and ${isSeen(sql`account.id`)}
      order by id limit ${limit})`;
}
