import { type RawBuilder, sql } from 'kysely';
import { type ImportCounts } from './import.report.js';
import { analyse, createStage, createStageAs, type Trx } from './staging.js';
import { MAX_LISTED_FAULTS } from './table.reader.js';

export interface NhsmailRow {
  file_row: number;
  address: string;
  aliases: readonly string[];
  first_name: string;
  last_name: string;
  name_key: string;
  organisation_code: string | null;
  type: string;
  status: string;
  cqrs_account_id: string | null;
}

const COLUMNS = `file_row integer, address text, aliases text[], first_name text, last_name text, name_key text,
  organisation_code text, type text, status text, cqrs_account_id text`;

const TOUCHED = sql`(e.address is null or e.gone_at is not null or e.facts_hash <> s.facts_hash)`;

/** The rows of a directory extract as temporary tables of one transaction, and their comparison with what is known. */
export class NhsmailStage {
  private constructor(
    private readonly trx: Trx,
    readonly add: (rows: NhsmailRow[]) => Promise<void>,
  ) {}

  static async create(trx: Trx): Promise<NhsmailStage> {
    return new NhsmailStage(trx, await createStage(trx, 'stage_nhsmail', COLUMNS));
  }

  /** Later rows of an address that say something else than its first row. */
  async contradictions(): Promise<{ row: number; firstRow: number; total: number }[]> {
    await analyse(this.trx, 'stage_nhsmail');
    await createStageAs(
      this.trx,
      'stage_hashed',
      sql`select *, encode(sha256(convert_to(concat_ws(E'\\x1f', first_name, last_name, name_key,
        coalesce(organisation_code, ''), type, status, coalesce(cqrs_account_id, ''), aliases::text), 'UTF8')), 'hex')
        as facts_hash from stage_nhsmail`,
    );
    await createStageAs(
      this.trx,
      'stage_entry',
      sql`select distinct on (address) * from stage_hashed order by address, file_row`,
    );
    const { rows } = await sql<{ row: number; firstRow: number; total: number }>`
      select r.file_row as row, f.file_row as "firstRow", count(*) over () as total
      from stage_entry f join stage_hashed r on r.address = f.address and r.facts_hash <> f.facts_hash
      order by r.file_row limit ${MAX_LISTED_FAULTS}`.execute(this.trx);
    return rows;
  }

  async compare(): Promise<ImportCounts & { known: number }> {
    const { rows } = await sql<ImportCounts & { known: number }>`
      select f.*, k.* from (
        select count(*) filter (where e.address is null) as added,
          count(*) filter (where e.address is not null and ${TOUCHED}) as changed,
          count(*) filter (where not ${TOUCHED}) as unchanged
        from stage_entry s left join nhsmail_entry e on e.address = s.address
      ) f, (
        select count(*) as known, count(*) filter (where s.address is null) as gone
        from nhsmail_entry e left join stage_entry s on s.address = e.address where e.gone_at is null
      ) k`.execute(this.trx);
    return rows[0] ?? { added: 0, changed: 0, gone: 0, unchanged: 0, known: 0 };
  }

  /** Known addresses with another name, organisation or recorded link. */
  async mixedUp(): Promise<number> {
    const { rows } = await sql<{ mixed: number }>`
      select count(*) as mixed from stage_entry s join nhsmail_entry e on e.address = s.address
      where e.gone_at is null and (s.name_key <> e.name_key or s.organisation_code <> e.organisation_code
        or s.cqrs_account_id <> e.cqrs_account_id)`.execute(this.trx);
    return rows[0]?.mixed ?? 0;
  }

  async apply(batchId: number, now: Date): Promise<void> {
    const { trx } = this;
    await createStageAs(
      trx,
      'stage_touched',
      sql`select s.address, e.address is not null as known from stage_entry s
        left join nhsmail_entry e on e.address = s.address where ${TOUCHED}`,
    );
    await sql`
      insert into import_previous (batch_id, key, before)
      select ${batchId}, e.address, to_jsonb(e) || jsonb_build_object('aliases',
        (select jsonb_agg(alias) from nhsmail_alias l where l.address = e.address))
      from nhsmail_entry e left join stage_entry s on s.address = e.address
      where (s.address is null and e.gone_at is null) or (s.address is not null and ${TOUCHED})`.execute(trx);
    await sql`
      update nhsmail_entry e set status = 'deleted', gone_at = ${now}, batch_id = ${batchId}
      where gone_at is null and not exists (select from stage_entry s where s.address = e.address)`.execute(trx);
    await sql`
      insert into nhsmail_entry (address, first_name, last_name, name_key, organisation_code, type, status,
        cqrs_account_id, gone_at, facts_hash, batch_id)
      select address, first_name, last_name, name_key, organisation_code, type, status, cqrs_account_id, null,
        facts_hash, ${batchId}::bigint
      from stage_entry join stage_touched using (address)
      on conflict (address) do update set first_name = excluded.first_name, last_name = excluded.last_name,
        name_key = excluded.name_key, organisation_code = excluded.organisation_code, type = excluded.type,
        status = excluded.status, cqrs_account_id = excluded.cqrs_account_id, gone_at = null,
        facts_hash = excluded.facts_hash, batch_id = excluded.batch_id`.execute(trx);
    await sql`delete from nhsmail_alias l using stage_touched t where t.known and l.address = t.address`.execute(trx);
    await sql`
      insert into nhsmail_alias (alias, address)
      select alias, address from stage_entry join stage_touched using (address), unnest(aliases) as alias`.execute(trx);
  }

  /** Aliases that lead to more than one address (file rows), and links to accounts that no export has named. */
  async oddities(): Promise<{ doubled: string[]; ambiguousAliases: string[]; unknownAccounts: string[] }> {
    const list = async (query: RawBuilder<{ item: string }>): Promise<string[]> =>
      (await query.execute(this.trx)).rows.map(({ item }) => item);
    return {
      doubled: await list(sql`select concat('row ', r.file_row) as item from stage_entry f
        join stage_hashed r on r.address = f.address and r.file_row > f.file_row order by r.file_row`),
      ambiguousAliases: await list(sql`
        with claims as (
          select alias as claimed, file_row from stage_entry, unnest(aliases) as alias
          union all select address, file_row from stage_entry
        )
        select concat('rows ', string_agg(file_row::text, ', ' order by file_row)) as item from claims
        group by claimed having count(*) > 1 order by min(file_row)`),
      unknownAccounts: await list(sql`select cqrs_account_id as item from stage_entry
        where cqrs_account_id is not null and not exists (select from account a where a.id = cqrs_account_id)
        order by 1`),
    };
  }
}
