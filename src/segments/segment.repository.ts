import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DirectoryTables } from '../directory/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import type { ReadinessOrganisation } from './readiness.rules.js';
import {
  accountsOf,
  accountsOfEverybody,
  type AccountWithRoles,
  entriesOf,
  entriesOfEverybody,
  type EntryOfAccount,
} from './segment.queries.js';
import type { KnownNhsmail } from './segment.types.js';

/** An account with the directory entries that have to do with it. */
export interface AskedAccount {
  readonly account: AccountWithRoles;
  readonly known: readonly KnownNhsmail[];
}

/** An import by which groups may have changed. */
export interface NewestImport {
  readonly id: number;
  readonly appliedAt: Date;
}

@Injectable()
export class SegmentRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DirectoryTables>) {}

  /** Declaration status says nothing of groups, and comes in all day. */
  async newestImport(): Promise<NewestImport | undefined> {
    const { rows } = await sql<NewestImport>`
      select id, applied_at as "appliedAt" from import_batch where kind <> 'declarations'
      order by id desc limit 1`.execute(this.db);
    return rows[0];
  }

  /** These accounts, some thousands at most, in id order. Ids that are in no export are left out. */
  async accounts(ids: readonly string[]): Promise<AskedAccount[]> {
    return this.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (trx) => {
        await turnOff(trx, ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']);
        const { rows: accounts } = await accountsOf(ids).execute(trx);
        const { rows: entries } = await entriesOf(ids).execute(trx);
        return joined(accounts, entries);
      });
  }

  /**
   * Every account in id order, `limit` at a time, all as they stood at one moment. The next are read while somebody works
   * on these. Holds a connection until it ends.
   */
  async *everybody(limit: number): AsyncGenerator<AskedAccount[]> {
    const trx = await this.db
      .startTransaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute();
    let reading: Promise<AskedAccount[]> | undefined;
    try {
      const next = await this.openReading(trx, limit);
      reading = next();
      for (;;) {
        const batch = await reading;
        if (batch.length === 0) return;
        reading = next();
        // Its failure is heard of when its turn comes.
        reading.catch(() => undefined);
        yield batch;
      }
    } finally {
      await reading?.catch(() => undefined);
      await trx
        .rollback()
        .execute()
        .catch(() => undefined);
    }
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

  private async openReading(trx: Transaction<DirectoryTables>, limit: number): Promise<() => Promise<AskedAccount[]>> {
    await turnOff(trx, ['enable_nestloop']);
    // All of it will be fetched, and a million accounts are sorted in memory and not in many runs on disk.
    await sql`select set_config('cursor_tuple_fraction', '1', true), set_config('work_mem', '32MB', true)`.execute(trx);
    await sql`declare asked_account no scroll cursor for ${accountsOfEverybody()}`.execute(trx);
    await sql`declare known_entry no scroll cursor for ${entriesOfEverybody()}`.execute(trx);
    let ahead: EntryOfAccount[] = [];
    let isLastRead = false;
    return async () => {
      const { rows: accounts } = await sql<AccountWithRoles>`fetch ${sql.lit(limit)} from asked_account`.execute(trx);
      const ids = new Set(accounts.map(({ id }) => id));
      // Both come in id order, so the entries of these accounts end where one of another account begins.
      const entries = ahead;
      while (!isLastRead && ids.has(entries.at(-1)?.accountId ?? accounts[0]?.id ?? '')) {
        const { rows } = await sql<EntryOfAccount>`fetch ${sql.lit(limit)} from known_entry`.execute(trx);
        isLastRead = rows.length < limit;
        for (const row of rows) entries.push(row);
      }
      const end = entries.findIndex(({ accountId }) => !ids.has(accountId));
      ahead = end < 0 ? [] : entries.splice(end);
      return joined(accounts, entries);
    };
  }
}

/**
 * How tables are joined is not left to the planner, which has no statistics right after an import, and reads whole tables
 * for a few accounts even where it has them.
 */
async function turnOff(trx: Transaction<DirectoryTables>, ways: readonly string[]): Promise<void> {
  await sql`
    select set_config(setting, 'off', true) from unnest(${[...ways, 'jit']}::text[]) as setting`.execute(trx);
}

function joined(accounts: readonly AccountWithRoles[], entries: readonly EntryOfAccount[]): AskedAccount[] {
  const knownOf = new Map<string, KnownNhsmail[]>();
  for (const entry of entries) {
    const known = knownOf.get(entry.accountId);
    if (known) known.push(entry);
    else knownOf.set(entry.accountId, [entry]);
  }
  return accounts.map((account) => ({ account, known: knownOf.get(account.id) ?? [] }));
}
