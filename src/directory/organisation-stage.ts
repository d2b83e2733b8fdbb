import { type RawBuilder, sql } from 'kysely';
import { type OrganisationFacts } from './directory.tables.js';
import { type ImportCounts } from './import.report.js';
import { analyse, createStage, createStageAs, type Trx } from './staging.js';
import { VERSION_KEY } from './undo.restores.js';

const FACTS = `code text, kind text, name text, status text, region_code text, icb_code text, commissioner_code text,
  is_gp_practice boolean, postcode text, opened_on date, closed_on date, joined_on date, left_on date, facts_hash text`;
const COLUMNS = `file_number integer, file_row integer, dated_on date, file_dated_on date, ${FACTS}`;
const FACT_NAMES = sql.raw(FACTS.replace(/\s+/g, ' ').replace(/ (?:text|boolean|date)/g, ''));

export interface StagedOrganisation extends OrganisationFacts {
  file_number: number;
  file_row: number;
  dated_on: string;
  file_dated_on: string;
  facts_hash: string;
}

/** The rows of organisation files as temporary tables of one transaction, and their comparison with what is known. */
export class OrganisationStage {
  private constructor(
    private readonly trx: Trx,
    readonly add: (rows: StagedOrganisation[]) => Promise<void>,
  ) {}

  static async create(trx: Trx): Promise<OrganisationStage> {
    return new OrganisationStage(trx, await createStage(trx, 'stage_organisation', COLUMNS));
  }

  /** A file's date is known when it has been read. */
  async dateFile(fileNumber: number, date: string): Promise<void> {
    await sql`update stage_organisation set file_dated_on = ${date} where file_number = ${fileNumber}`.execute(
      this.trx,
    );
  }

  /** Rows that say something else of an organisation than an earlier row of the same file. */
  async contradictions(): Promise<{ fileNumber: number; row: number; firstRow: number }[]> {
    await analyse(this.trx, 'stage_organisation');
    const { rows } = await sql<{ fileNumber: number; row: number; firstRow: number }>`
      select r.file_number as "fileNumber", r.file_row as row, f.file_row as "firstRow"
      from (select distinct on (file_number, code) * from stage_organisation order by file_number, code, file_row) f
      join stage_organisation r on r.file_number = f.file_number and r.code = f.code and r.facts_hash <> f.facts_hash
      order by 1, 2`.execute(this.trx);
    return rows;
  }

  /** The newest version of every organisation in the files, with those versions that are known already. */
  async compare(): Promise<ImportCounts & { known: number }> {
    await createStageAs(
      this.trx,
      'stage_version',
      sql`
      select distinct on (code, facts_hash) * from (
        select ${FACT_NAMES}, dated_on, file_dated_on from stage_organisation
        union all
        select ${FACT_NAMES}, dated_on, file_dated_on from organisation_version v
        where exists (select from stage_organisation s where s.code = v.code)
      ) both_sides
      order by code, facts_hash, dated_on desc, file_dated_on desc`,
    );
    await createStageAs(
      this.trx,
      'stage_newest',
      sql`select distinct on (code) * from stage_version order by code, dated_on desc, file_dated_on desc, facts_hash desc`,
    );
    const { rows } = await sql<ImportCounts & { known: number }>`
      select count(*) filter (where o.code is null) as added,
        count(*) filter (where o.facts_hash <> n.facts_hash) as changed,
        count(*) filter (where o.facts_hash = n.facts_hash) as unchanged,
        0 as gone, (select count(*) from organisation) as known
      from stage_newest n left join organisation o using (code)`.execute(this.trx);
    return rows[0] ?? { added: 0, changed: 0, gone: 0, unchanged: 0, known: 0 };
  }

  async apply(batchId: number): Promise<void> {
    await sql`
      insert into import_previous (batch_id, key, before)
      select ${batchId}, ${VERSION_KEY} || v.code || '/' || v.facts_hash, to_jsonb(v)
      from organisation_version v join stage_version s using (code, facts_hash)
      where (v.dated_on, v.file_dated_on) < (s.dated_on, s.file_dated_on)`.execute(this.trx);
    await sql`
      insert into organisation_version as v (${FACT_NAMES}, dated_on, file_dated_on, batch_id)
      select ${FACT_NAMES}, dated_on, file_dated_on, ${batchId}::bigint from stage_version
      on conflict (code, facts_hash) do update set dated_on = excluded.dated_on, file_dated_on = excluded.file_dated_on
      where (v.dated_on, v.file_dated_on) < (excluded.dated_on, excluded.file_dated_on)`.execute(this.trx);
    await sql`
      insert into import_previous (batch_id, key, before)
      select ${batchId}, o.code, to_jsonb(o) from organisation o join stage_newest n using (code)
      where o.facts_hash <> n.facts_hash`.execute(this.trx);
    await sql`
      insert into organisation as o (${FACT_NAMES}, batch_id)
      select ${FACT_NAMES}, ${batchId}::bigint from stage_newest
      on conflict (code) do update set kind = excluded.kind, name = excluded.name, status = excluded.status,
        region_code = excluded.region_code, icb_code = excluded.icb_code,
        commissioner_code = excluded.commissioner_code, is_gp_practice = excluded.is_gp_practice,
        postcode = excluded.postcode, opened_on = excluded.opened_on, closed_on = excluded.closed_on,
        joined_on = excluded.joined_on, left_on = excluded.left_on, facts_hash = excluded.facts_hash,
        batch_id = excluded.batch_id
      where o.facts_hash <> excluded.facts_hash`.execute(this.trx);
  }

  /** Rows older than what is known; organisations whose newest version only the third rule of the order could choose. */
  async oddities(): Promise<{ older: string[]; undecided: string[]; absent: string[] }> {
    return {
      older: await this
        .list(sql`select distinct s.code as item from stage_organisation s join stage_newest n using (code)
        where s.facts_hash <> n.facts_hash and (s.dated_on, s.file_dated_on) < (n.dated_on, n.file_dated_on)
          and not exists (select from stage_organisation t where t.code = s.code and t.facts_hash = n.facts_hash)
        order by 1`),
      undecided: await this.list(sql`select distinct n.code as item from stage_newest n join stage_version v
        on v.code = n.code and v.facts_hash <> n.facts_hash
          and (v.dated_on, v.file_dated_on) = (n.dated_on, n.file_dated_on)
        order by 1`),
      absent: await this.list(sql`select code as item from organisation o
        where kind in ('practice', 'commissioner', 'trust')
          and kind in (select kind from stage_organisation)
          and not exists (select from stage_organisation s where s.code = o.code)
        order by 1`),
    };
  }

  /** Active GP practices whose parents are not what they should be, as "practice: parent". */
  async unresolvedParents(): Promise<Record<'commissioner' | 'closedCommissioner' | 'icb' | 'region', string[]>> {
    const parents = (column: string, condition: RawBuilder<unknown>): Promise<string[]> =>
      this.list(sql`select concat(p.code, ': ', coalesce(p.${sql.ref(column)}, 'none')) as item
        from organisation p left join organisation parent on parent.code = p.${sql.ref(column)}
        where p.is_gp_practice and p.status = 'active' and ${condition} order by 1`);
    return {
      commissioner: await parents('commissioner_code', sql`parent.kind is distinct from 'commissioner'`),
      closedCommissioner: await parents(
        'commissioner_code',
        sql`parent.kind = 'commissioner' and parent.status <> 'active'`,
      ),
      icb: await parents('icb_code', sql`parent.kind is distinct from 'icb'`),
      region: await parents('region_code', sql`parent.kind is distinct from 'region'`),
    };
  }

  private async list(query: RawBuilder<{ item: string }>): Promise<string[]> {
    return (await query.execute(this.trx)).rows.map(({ item }) => item);
  }
}
