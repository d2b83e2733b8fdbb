import { Injectable } from '@nestjs/common';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import type { CqrsRole, DirectoryTables } from '../directory/index.js';
import type { ReadinessOrganisation } from './readiness.rules.js';
import type { KnownNhsmail, SegmentAccount } from './segment.types.js';
import type { NhsmailLookup } from './nhsmail.lookup.js';

export interface AccountWithRoles extends SegmentAccount {
  readonly organisations: readonly { readonly code: string; readonly closed: boolean; readonly roles: CqrsRole[] }[];
}

/** Which accounts to read: a page after an id (in id order), or these. */
export type AccountSelection = { readonly after: string; readonly limit: number } | { readonly ids: readonly string[] };

@Injectable()
export class SegmentRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DirectoryTables>) {}

  /** In id order. Ids that are in no export are left out. */
  async accounts(selection: AccountSelection): Promise<AccountWithRoles[]> {
    const page =
      'ids' in selection
        ? sql`where a.id = any(${selection.ids}::text[]) order by a.id`
        : sql`where a.id > ${selection.after} order by a.id limit ${selection.limit}`;
    return this.lookUp(sql<AccountWithRoles>`
      select a.id, a.first_name as "firstName", a.last_name as "lastName", a.name_key as "nameKey", a.email, a.status,
             (select n.confirmed_on from no_nhsmail n where n.account_id = a.id) as "confirmedWithoutNhsmailOn",
             coalesce(
               (select json_agg(json_build_object('code', m.organisation_code, 'roles', m.roles,
                                                  'closed', coalesce(o.status = 'closed', false))
                                order by m.organisation_code)
                from membership m
                left join organisation o on o.code = m.organisation_code
                where m.account_id = a.id), '[]'
             ) as organisations,
             array(
               select m.organisation_code
               from membership m
               where m.account_id = a.id and exists (
                 select from account other
                 join membership theirs on theirs.account_id = other.id and theirs.organisation_code = m.organisation_code
                 where other.name_key = a.name_key and other.name_key <> '' and other.id <> a.id
                   and other.status = 'active'
               )
               order by m.organisation_code
             ) as "namesakesIn"
      from account a
      ${page}`);
  }

  /** Every directory entry that one of the accounts asks for, each once. */
  async nhsmailEntries(accountIds: readonly string[], lookups: readonly NhsmailLookup[]): Promise<KnownNhsmail[]> {
    const addresses = [...new Set(lookups.flatMap((lookup) => lookup.addresses))];
    const names = lookups.flatMap((lookup) => lookup.names);
    return this.lookUp(sql<KnownNhsmail>`
      with wanted as materialized (
        select address from nhsmail_entry where cqrs_account_id = any(${accountIds}::text[])
        union
        select address from nhsmail_entry where address = any(${addresses}::text[])
        union
        select address from nhsmail_alias where alias = any(${addresses}::text[])
        union
        select e.address
        from unnest(${names.map(({ nameKey }) => nameKey)}::text[],
                    ${names.map(({ organisationCode }) => organisationCode)}::text[]) as n (name_key, organisation_code)
        join nhsmail_entry e on e.name_key = n.name_key and e.name_key <> '' and e.organisation_code = n.organisation_code
      )
      select e.address, e.first_name as "firstName", e.last_name as "lastName", e.name_key as "nameKey",
             e.organisation_code as "organisationCode", e.type, e.status,
             array(select a.alias from nhsmail_alias a where a.address = e.address order by a.alias) as aliases,
             case when e.cqrs_account_id is not null
               then json_build_object('id', e.cqrs_account_id, 'nameKey', coalesce(linked.name_key, ''))
             end as "recordedAccount",
             coalesce(
               (select json_agg(json_build_object('id', b.id, 'nameKey', b.name_key) order by b.id)
                from account b where b.email_normalised = e.address and b.status = 'active'), '[]'
             ) as "accountsUnderAddress"
      from wanted
      join nhsmail_entry e using (address)
      left join account linked on linked.id = e.cqrs_account_id
      order by e.address`);
  }

  /** The open practices, commissioners and regions that readiness speaks of; or one of them. */
  async readinessOrganisations(code?: string): Promise<ReadinessOrganisation[]> {
    const rows = await this.db
      .selectFrom('organisation')
      .select(['code', 'kind', 'region_code'])
      .where('status', '=', 'active')
      .where((is) =>
        is.or([
          is.and([is('kind', '=', 'practice'), is('is_gp_practice', '=', true)]),
          is('kind', 'in', ['commissioner', 'region']),
        ]),
      )
      .$if(code !== undefined, (query) => query.where('code', '=', code ?? ''))
      .orderBy('code')
      .execute();
    return rows.map(({ code: each, kind, region_code }) => ({
      code: each,
      kind: kind as ReadinessOrganisation['kind'],
      regionCode: region_code,
    }));
  }

  /**
   * A batch is some thousand look-ups by key, and nested loops over the indexes are right for it at any size of table.
   * Left to itself the planner reads whole tables for every batch: right after an import it has no statistics, and with
   * them it still finds 100,000 rows small.
   */
  private async lookUp<T>(query: RawBuilder<T>): Promise<T[]> {
    return this.db.transaction().execute(async (trx) => {
      await sql`select set_config(setting, 'off', true)
                from unnest('{enable_seqscan,enable_hashjoin,enable_mergejoin,jit}'::text[]) as setting`.execute(trx);
      return (await query.execute(trx)).rows;
    });
  }
}
