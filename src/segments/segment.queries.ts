import { type RawBuilder, sql } from 'kysely';
import type { CqrsRole } from '../directory/index.js';
import { NHSMAIL_DOMAIN } from './domain.rules.js';
import type { KnownNhsmail, SegmentAccount } from './segment.types.js';

export interface AccountWithRoles extends SegmentAccount {
  readonly organisations: readonly { readonly code: string; readonly closed: boolean; readonly roles: CqrsRole[] }[];
}

/** A directory entry, and an account that has to do with it: each pair once. */
export interface EntryOfAccount extends KnownNhsmail {
  readonly accountId: string;
}

// Each question is put in two ways with one answer, which a property test holds them to. Of everybody the tables are
// grouped and joined whole: 29 us of PostgreSQL for an account, where looking up 2,000 at a time took 125 us. Of a few
// accounts everything is looked up by key, row by row, which takes half the time of grouping and joining for them.

const MEMBERSHIPS = sql`json_agg(
  json_build_object('code', m.organisation_code, 'roles', m.roles, 'closed', coalesce(o.status = 'closed', false))
  order by m.organisation_code)`;
const HOLDERS = sql`json_agg(json_build_object('id', b.id, 'nameKey', b.name_key) order by b.id)`;

/** In id order. */
export function accountsOfEverybody(): RawBuilder<AccountWithRoles> {
  return sql<AccountWithRoles>`
    with place as (
      select m.account_id, ${MEMBERSHIPS} as organisations
      from membership m left join organisation o on o.code = m.organisation_code
      group by m.account_id
    ), shared_name as (
      -- Counted and not joined with itself: a hundred namesakes would make ten thousand pairs.
      select a.name_key, m.organisation_code, (count(*) filter (where a.status = 'active'))::int as actives
      from account a join membership m on m.account_id = a.id
      where a.name_key <> ''
      group by a.name_key, m.organisation_code having count(*) > 1
    ), namesake as (
      select a.id as account_id, array_agg(m.organisation_code order by m.organisation_code) as organisation_codes
      from account a
      join membership m on m.account_id = a.id
      join shared_name s on s.name_key = a.name_key and s.organisation_code = m.organisation_code
      where s.actives > (a.status = 'active')::int
      group by a.id
    )
    select ${columnsOf(sql`place.organisations`, sql`namesake.organisation_codes`)}
    from account a
    left join no_nhsmail n on n.account_id = a.id
    left join place on place.account_id = a.id
    left join namesake on namesake.account_id = a.id
    order by a.id`;
}

/** In id order. Ids that are in no export are left out. */
export function accountsOf(ids: readonly string[]): RawBuilder<AccountWithRoles> {
  const organisations = sql`(
    select ${MEMBERSHIPS}
    from membership m left join organisation o on o.code = m.organisation_code
    where m.account_id = a.id)`;
  const namesakesIn = sql`array(
    select m.organisation_code
    from membership m
    where m.account_id = a.id and exists (
      select from account other
      join membership theirs on theirs.account_id = other.id and theirs.organisation_code = m.organisation_code
      where other.name_key = a.name_key and other.name_key <> '' and other.id <> a.id and other.status = 'active'
    )
    order by m.organisation_code)`;
  return sql<AccountWithRoles>`
    select ${columnsOf(organisations, namesakesIn)}
    from account a
    left join no_nhsmail n on n.account_id = a.id
    where a.id = any(${ids}::text[]) order by a.id`;
}

function columnsOf(organisations: RawBuilder<unknown>, namesakesIn: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`a.id, a.first_name as "firstName", a.last_name as "lastName", a.name_key as "nameKey", a.email, a.status,
    n.confirmed_on as "confirmedWithoutNhsmailOn", coalesce(${organisations}, '[]') as organisations,
    coalesce(${namesakesIn}, '{}') as "namesakesIn"`;
}

/** Every directory entry that a rule might want to know about an account, in the order of the accounts' ids. */
export function entriesOfEverybody(): RawBuilder<EntryOfAccount> {
  return sql<EntryOfAccount>`
    with ${wanted(sql`true`)}, alias as (
      select address, array_agg(alias order by alias) as aliases from nhsmail_alias group by address
    ), holder as (
      select b.email_normalised as address, ${HOLDERS} as accounts
      from account b where b.status = 'active' group by b.email_normalised
    )
    select ${entryColumns(sql`alias.aliases`, sql`holder.accounts`)}
    from wanted
    join nhsmail_entry e using (address)
    left join account linked on linked.id = e.cqrs_account_id
    left join alias using (address)
    left join holder using (address)
    order by wanted.account_id`;
}

/** The same of these accounts. */
export function entriesOf(ids: readonly string[]): RawBuilder<EntryOfAccount> {
  const aliases = sql`array(select n.alias from nhsmail_alias n where n.address = e.address order by n.alias)`;
  const holders = sql`(
    select ${HOLDERS} from account b where b.email_normalised = e.address and b.status = 'active')`;
  return sql<EntryOfAccount>`
    with ${wanted(sql`a.id = any(${ids}::text[])`)}
    select ${entryColumns(aliases, holders)}
    from wanted
    join nhsmail_entry e using (address)
    left join account linked on linked.id = e.cqrs_account_id
    order by wanted.account_id`;
}

/**
 * The entries that record the account, those at its registered address or at what that may be a variant of (without its
 * plus-tag, without its number), and those of its full name in one of its organisations. Some more would do no harm.
 */
function wanted(who: RawBuilder<unknown>): RawBuilder<unknown> {
  const atNhsmail = `@${NHSMAIL_DOMAIN}`;
  return sql`asked as materialized (
      select a.id, a.name_key, a.email_normalised from account a where ${who}
    ), asked_address as materialized (
      select id as account_id, email_normalised as address from asked
      union all
      select id, split_part(email_normalised, '+', 1) || ${sql.lit(atNhsmail)}
      from asked where email_normalised like ${sql.lit(`%+%${atNhsmail}`)}
      union all
      select id, regexp_replace(email_normalised, '[0-9]+@', '@')
      from asked where email_normalised ~ ${sql.lit(`[0-9]${atNhsmail.replace('.', '\\.')}$`)}
    ), wanted as materialized (
      select asked.id as account_id, e.address from asked join nhsmail_entry e on e.cqrs_account_id = asked.id
      union
      select account_id, address from asked_address join nhsmail_entry using (address)
      union
      select account_id, n.address from asked_address join nhsmail_alias n on n.alias = asked_address.address
      union
      select asked.id, e.address
      from asked
      join membership m on m.account_id = asked.id
      join nhsmail_entry e
        on e.name_key = asked.name_key and e.name_key <> '' and e.organisation_code = m.organisation_code
    )`;
}

function entryColumns(aliases: RawBuilder<unknown>, holders: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`wanted.account_id as "accountId", e.address, e.first_name as "firstName", e.last_name as "lastName",
    e.name_key as "nameKey", e.organisation_code as "organisationCode", e.type, e.status,
    coalesce(${aliases}, '{}') as aliases,
    case when e.cqrs_account_id is not null
      then json_build_object('id', e.cqrs_account_id, 'nameKey', coalesce(linked.name_key, ''))
    end as "recordedAccount",
    coalesce(${holders}, '[]') as "accountsUnderAddress"`;
}
