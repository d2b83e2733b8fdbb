import { sql } from 'kysely';
import { type ImportCounts, type ImportRequest, type ImportWarning } from './import.report.js';
import { warningsOf } from './import.warnings.js';
import { type Importer, type StagedFiles } from './importer.js';
import { NO_NHSMAIL_FORMAT } from './nhsmail.format.js';
import { analyse, createStage, type Trx } from './staging.js';
import { TableReader } from './table.reader.js';

/** When an account is on the list more than once, its latest confirmation counts. */
const LATEST = sql`(select account_id, max(confirmed_on) as confirmed_on from stage_no_nhsmail group by account_id) s`;

export class NoNhsmailImporter implements Importer {
  readonly kind = 'no-nhsmail';
  readonly action = 'directory.imported';
  readonly tables = ['no_nhsmail'];

  constructor(
    private readonly path: string,
    private readonly request: ImportRequest,
  ) {}

  async stage(trx: Trx): Promise<StagedFiles> {
    const add = await createStage(trx, 'stage_no_nhsmail', 'account_id text, confirmed_on date');
    const reader = await TableReader.open(this.path, NO_NHSMAIL_FORMAT, this.request.onProgress);
    for await (const rows of reader.batches()) await add(rows.map(({ values }) => values));
    await analyse(trx, 'stage_no_nhsmail');
    return { readers: [reader], warnings: [] };
  }

  async compare(trx: Trx): Promise<ImportCounts & { known: number }> {
    const { rows } = await sql<ImportCounts & { known: number }>`
      select count(*) filter (where n.account_id is null) as added,
        count(*) filter (where n.confirmed_on <> s.confirmed_on) as changed,
        count(*) filter (where s.account_id is null) as gone,
        count(*) filter (where n.confirmed_on = s.confirmed_on) as unchanged,
        count(n.account_id) as known
      from ${LATEST} full join no_nhsmail n using (account_id)`.execute(trx);
    return rows[0] ?? { added: 0, changed: 0, gone: 0, unchanged: 0, known: 0 };
  }

  async apply(trx: Trx, batchId: number): Promise<void> {
    await sql`
      insert into import_previous (batch_id, key, before)
      select ${batchId}, n.account_id, to_jsonb(n) from no_nhsmail n left join ${LATEST} using (account_id)
      where s.confirmed_on is distinct from n.confirmed_on`.execute(trx);
    await sql`
      delete from no_nhsmail n
      where not exists (select from stage_no_nhsmail s where s.account_id = n.account_id)`.execute(trx);
    await sql`
      insert into no_nhsmail as n (account_id, confirmed_on, batch_id)
      select account_id, confirmed_on, ${batchId}::bigint from ${LATEST}
      on conflict (account_id) do update set confirmed_on = excluded.confirmed_on, batch_id = excluded.batch_id
      where n.confirmed_on <> excluded.confirmed_on`.execute(trx);
  }

  async warnings(trx: Trx): Promise<ImportWarning[]> {
    const { rows } = await sql<{ item: string }>`
      select account_id as item from no_nhsmail n
      where not exists (select from account a where a.id = n.account_id) order by 1`.execute(trx);
    const unknown = rows.map(({ item }) => item);
    return warningsOf([['unknown-account', 'Accounts that no export has named: kept on the list', unknown]]);
  }
}
