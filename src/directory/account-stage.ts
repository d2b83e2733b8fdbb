import { type RawBuilder, sql } from 'kysely';
import { type ImportCounts } from './import.report.js';
import { analyse, createStage, createStageAs, type Trx } from './staging.js';
import { MAX_LISTED_FAULTS } from './table.reader.js';

export interface AccountRow {
  file_row: number;
  account_id: string;
  first_name: string;
  last_name: string;
  email: string | null;
  email_normalised: string | null;
  status: string;
  last_sign_in: string | null;
  name_key: string;
  organisation_code: string | null;
  roles: readonly string[];
  unknown_roles: readonly string[];
}

const COLUMNS = `file_row integer, account_id text, first_name text, last_name text, email text, email_normalised text,
  status text, last_sign_in date, name_key text, organisation_code text, roles text[], unknown_roles text[]`;

/** A row that says something else of its account than the first row of that account does. */
export interface Contradiction {
  readonly row: number;
  readonly firstRow: number;
  readonly columns: readonly string[];
  readonly total: number;
}

/** Added to the account, or other than what is known of it. */
const TOUCHED = sql`(a.id is null or a.gone_at is not null or a.facts_hash <> s.facts_hash)`;

/** The rows of an accounts file as temporary tables of one transaction, and their comparison with what is known. */
export class AccountStage {
  private constructor(
    private readonly trx: Trx,
    readonly add: (rows: AccountRow[]) => Promise<void>,
  ) {}

  static async create(trx: Trx): Promise<AccountStage> {
    return new AccountStage(trx, await createStage(trx, 'stage_account', COLUMNS));
  }

  /** The rows of one account need not stand together, so this is asked of the whole file. */
  async contradictions(): Promise<Contradiction[]> {
    await analyse(this.trx, 'stage_account');
    const { rows } = await sql<Contradiction>`
      with contradicted as (
        select account_id, min(file_row) as first_row from stage_account group by account_id
        having min(first_name) <> max(first_name) or min(last_name) <> max(last_name)
          or min(coalesce(email, '')) <> max(coalesce(email, '')) or min(status) <> max(status)
          or min(coalesce(last_sign_in, '-infinity')) <> max(coalesce(last_sign_in, '-infinity'))
      )
      select r.file_row as row, f.file_row as "firstRow", count(*) over () as total, array_remove(array[
          case when r.first_name <> f.first_name then 'first_name' end,
          case when r.last_name <> f.last_name then 'last_name' end,
          case when r.email is distinct from f.email then 'email' end,
          case when r.status <> f.status then 'status' end,
          case when r.last_sign_in is distinct from f.last_sign_in then 'last_sign_in' end
        ], null) as columns
      from contradicted c
      join stage_account f on f.account_id = c.account_id and f.file_row = c.first_row
      join stage_account r on r.account_id = c.account_id
      where (r.first_name, r.last_name, r.email, r.status, r.last_sign_in)
        is distinct from (f.first_name, f.last_name, f.email, f.status, f.last_sign_in)
      order by r.file_row limit ${MAX_LISTED_FAULTS}`.execute(this.trx);
    return rows;
  }

  /** One row for each account and membership, with the roles of doubled rows put together. */
  async gather(): Promise<void> {
    await createStageAs(
      this.trx,
      'stage_membership',
      sql`
      select account_id, organisation_code, count(*) as rows,
        ${unionOf('roles')} as roles, ${unionOf('unknown_roles')} as unknown_roles
      from stage_account where organisation_code is not null
      group by account_id, organisation_code`,
    );
    await createStageAs(
      this.trx,
      'stage_person',
      sql`
      with one as (
        select account_id, min(first_name) as first_name, min(last_name) as last_name, min(email) as email,
          min(email_normalised) as email_normalised, min(status) as status, min(last_sign_in) as last_sign_in,
          min(name_key) as name_key
        from stage_account group by account_id
      ), memberships as (
        select account_id, string_agg(concat_ws('=', organisation_code, roles::text, unknown_roles::text), ';'
          order by organisation_code) as facts
        from stage_membership group by account_id
      )
      select one.*, encode(sha256(convert_to(concat_ws(E'\\x1f', first_name, last_name, coalesce(email, ''),
        coalesce(email_normalised, ''), status, coalesce(last_sign_in::text, ''), name_key, coalesce(m.facts, '')),
        'UTF8')), 'hex') as facts_hash
      from one left join memberships m using (account_id)`,
    );
  }

  async compare(): Promise<ImportCounts & { known: number }> {
    const { rows } = await sql<ImportCounts & { known: number }>`
      select f.*, k.* from (
        select count(*) filter (where a.id is null) as added,
          count(*) filter (where a.id is not null and ${TOUCHED}) as changed,
          count(*) filter (where not ${TOUCHED}) as unchanged
        from stage_person s left join account a on a.id = s.account_id
      ) f, (
        select count(*) as known, count(*) filter (where s.account_id is null) as gone
        from account a left join stage_person s on s.account_id = a.id where a.gone_at is null
      ) k`.execute(this.trx);
    return rows[0] ?? { added: 0, changed: 0, gone: 0, unchanged: 0, known: 0 };
  }

  /** Known accounts with another name, with the address of another account, or with none of their organisations. */
  async mixedUp(): Promise<number> {
    const { rows } = await sql<{ mixed: number }>`
      with known as (
        select s.account_id, s.name_key <> a.name_key as renamed,
          s.email_normalised <> a.email_normalised
            and s.email_normalised in (select email_normalised from account where gone_at is null) as readdressed
        from stage_person s join account a on a.id = s.account_id where a.gone_at is null
      ), moved as (
        (select account_id from membership intersect select account_id from stage_membership)
        except select account_id from membership join stage_membership using (account_id, organisation_code)
      )
      select count(*) as mixed from known left join moved using (account_id)
      where renamed or readdressed or moved.account_id is not null`.execute(this.trx);
    return rows[0]?.mixed ?? 0;
  }

  /** Accounts that the file lacks, and of which it has name and address under an id that is new. */
  async renumbered(): Promise<number> {
    const { rows } = await sql<{ renumbered: number }>`
      with gone as (
        select name_key, email_normalised from account a where gone_at is null
          and not exists (select from stage_person s where s.account_id = a.id)
      ), new as (
        select name_key, email_normalised from stage_person s
        where not exists (select from account a where a.id = s.account_id)
      )
      select count(*) as renumbered from gone
      where (name_key, email_normalised) in (select name_key, email_normalised from new)`.execute(this.trx);
    return rows[0]?.renumbered ?? 0;
  }

  async apply(batchId: number, now: Date): Promise<void> {
    const { trx } = this;
    await createStageAs(
      trx,
      'stage_touched',
      sql`select s.account_id, a.id is not null as known from stage_person s
        left join account a on a.id = s.account_id where ${TOUCHED}`,
    );
    await sql`
      insert into import_previous (batch_id, key, before)
      select ${batchId}, a.id, to_jsonb(a) || jsonb_build_object('memberships',
        (select jsonb_agg(to_jsonb(m) - 'account_id') from membership m where m.account_id = a.id))
      from account a left join stage_person s on s.account_id = a.id
      where (s.account_id is null and a.gone_at is null) or (s.account_id is not null and ${TOUCHED})`.execute(trx);
    await sql`
      update account a set status = 'disabled', gone_at = ${now}, batch_id = ${batchId}
      where gone_at is null and not exists (select from stage_person s where s.account_id = a.id)`.execute(trx);
    await sql`
      insert into account as a (id, first_name, last_name, email, email_normalised, status, last_sign_in, name_key,
        gone_at, facts_hash, batch_id)
      select account_id, first_name, last_name, email, email_normalised, status, last_sign_in, name_key,
        null, facts_hash, ${batchId}::bigint
      from stage_person join stage_touched using (account_id)
      -- In the order of the keys, so that a million rows fill the index page by page.
      order by account_id
      on conflict (id) do update set first_name = excluded.first_name, last_name = excluded.last_name,
        email = excluded.email, email_normalised = excluded.email_normalised, status = excluded.status,
        last_sign_in = excluded.last_sign_in, name_key = excluded.name_key, gone_at = null,
        facts_hash = excluded.facts_hash, batch_id = excluded.batch_id`.execute(trx);
    await sql`delete from membership m using stage_touched t where t.known and m.account_id = t.account_id`.execute(
      trx,
    );
    await sql`
      insert into membership (account_id, organisation_code, roles, unknown_roles)
      select account_id, organisation_code, roles, unknown_roles
      from stage_membership join stage_touched using (account_id)
      order by account_id, organisation_code`.execute(trx);
  }

  /** Account and organisation of rows that were put together, unknown role names, unknown organisations. */
  async oddities(): Promise<{ doubled: string[]; unknownRoles: string[]; unknownOrganisations: string[] }> {
    const list = async (query: RawBuilder<{ item: string }>): Promise<string[]> =>
      (await query.execute(this.trx)).rows.map(({ item }) => item);
    return {
      doubled: await list(sql`select concat(account_id, ' at ', organisation_code) as item from stage_membership
        where rows > 1 order by 1`),
      unknownRoles: await list(sql`select concat(role, ' (', count(*), ' memberships)') as item
        from stage_membership, unnest(unknown_roles) as role group by role order by count(*) desc, role`),
      unknownOrganisations: await list(sql`select concat(organisation_code, ' (', count(*), ' memberships)') as item
        from stage_membership m where not exists (select from organisation o where o.code = m.organisation_code)
        group by organisation_code order by organisation_code`),
    };
  }
}

/** Nearly every membership has one row: only doubled ones are taken apart and sorted. */
function unionOf(column: string): RawBuilder<unknown> {
  const ref = sql.ref(column);
  return sql`case when count(*) = 1 then min(${ref}) else array(
    select name from (
      select distinct name from unnest(string_to_array(string_agg(array_to_string(${ref}, '|'), '|'), '|')) as name
    ) names where name <> '' order by name collate "C") end`;
}
