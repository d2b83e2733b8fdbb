import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { TOP_DOWN } from './cascade.repository.js';
import { type CascadeTables } from './cascade.tables.js';

/** Regions and commissioners that have not answered, and who was nudged lately. */
@Injectable()
export class NudgeRepository {
  constructor(@InjectDatabase() readonly db: Kysely<CascadeTables>) {}

  /** Which of these have not answered; held until the end of the transaction. */
  async lockSilent(cascadeId: string, codes: readonly string[], trx: Transaction<CascadeTables>): Promise<string[]> {
    const rows = await this.silentQuery(cascadeId, trx)
      .where('code', '=', sql<string>`any(${[...codes]}::text[])`)
      .orderBy(TOP_DOWN)
      .forUpdate()
      .execute();
    return rows.map(({ code }) => code);
  }

  async silent(cascadeId: string): Promise<string[]> {
    return (await this.silentQuery(cascadeId, this.db).orderBy('code').execute()).map(({ code }) => code);
  }

  async nudgedSince(cascadeId: string, since: Date, db: Kysely<CascadeTables> = this.db): Promise<Set<string>> {
    const rows = await db
      .selectFrom('cascade_step')
      .select('code')
      .where('cascade_id', '=', cascadeId)
      .where('action', '=', 'nudge')
      .where('at', '>=', since)
      .execute();
    return new Set(rows.map(({ code }) => code));
  }

  /** Writes it down, so that an answer stops what has not left. */
  async record(
    cascadeId: string,
    {
      code,
      purpose,
      messages,
      at,
      actor,
    }: { code: string; purpose: string; messages: number; at: Date; actor: string },
    trx: Transaction<CascadeTables>,
  ): Promise<void> {
    await trx
      .insertInto('cascade_escalation')
      .values({ cascade_id: cascadeId, code, rung: 0, target: 'contact', purpose, at, messages, stopped_at: null })
      .execute();
    await trx
      .insertInto('cascade_step')
      .values({ cascade_id: cascadeId, code, action: 'nudge', at, actor, details: JSON.stringify({ messages }) })
      .execute();
  }

  private silentQuery(cascadeId: string, db: Kysely<CascadeTables>) {
    return db
      .selectFrom('cascade_organisation')
      .select('code')
      .where('cascade_id', '=', cascadeId)
      .where('kind', 'in', ['region', 'commissioner'])
      .where('state', 'in', ['waiting', 'sent', 'delivered', 'undeliverable']);
  }
}
