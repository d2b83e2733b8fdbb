import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
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
        ? sql`where id = any(${selection.ids}::text[]) order by id`
        : sql`where id > ${selection.after} order by id limit ${selection.limit}`;
    const { rows } = await sql<AccountWithRoles>`
      with page as materialized (
        select id, first_name, last_name, name_key, email, status from account ${page}
      ),
      belongs as materialized (
        select p.id, p.name_key, m.organisation_code, m.roles, coalesce(o.status = 'closed', false) as closed
        from page p
        join membership m on m.account_id = p.id
        left join organisation o on o.code = m.organisation_code
      ),
      memberships as (
        select id, json_agg(json_build_object('code', organisation_code, 'closed', closed, 'roles', roles)
                            order by organisation_code) as organisations
        from belongs group by id
      ),
      -- By name first: a full name has few accounts, while a large organisation has many.
      namesakes as (
        select b.id, array_agg(distinct b.organisation_code order by b.organisation_code) as codes
        from belongs b
        join account other on other.name_key = b.name_key and other.name_key <> ''
                          and other.id <> b.id and other.status = 'active'
        join membership m on m.account_id = other.id and m.organisation_code = b.organisation_code
        group by b.id
      )
      select p.id, p.first_name as "firstName", p.last_name as "lastName", p.name_key as "nameKey", p.email, p.status,
             coalesce(memberships.organisations, '[]') as organisations,
             n.confirmed_on as "confirmedWithoutNhsmailOn",
             coalesce(namesakes.codes, '{}') as "namesakesIn"
      from page p
      left join memberships using (id)
      left join namesakes using (id)
      left join no_nhsmail n on n.account_id = p.id
      order by p.id`.execute(this.db);
    return rows;
  }

  /** Every directory entry that one of the accounts asks for, each once. */
  async nhsmailEntries(accountIds: readonly string[], lookups: readonly NhsmailLookup[]): Promise<KnownNhsmail[]> {
    const addresses = [...new Set(lookups.flatMap((lookup) => lookup.addresses))];
    const names = lookups.flatMap((lookup) => lookup.names);
    const { rows } = await sql<KnownNhsmail>`
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
      order by e.address`.execute(this.db);
    return rows;
  }

  /** The open practices, commissioners and regions that readiness speaks of. */
  async readinessOrganisations(): Promise<ReadinessOrganisation[]> {
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
      .orderBy('code')
      .execute();
    return rows.map(({ code, kind, region_code }) => ({
      code,
      kind: kind as ReadinessOrganisation['kind'],
      regionCode: region_code,
    }));
  }
}
