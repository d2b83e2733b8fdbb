import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { asOurs, type DeliveryTables } from './delivery.tables.js';

@Injectable()
export class SuppressionRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DeliveryTables>) {}

  /** A report suppresses its address once, also when that was lifted since. */
  async add<Tables>(
    row: { address: string; reason: string; source: string; created_at: Date; expires_at: Date | null },
    trx?: Transaction<Tables>,
  ): Promise<void> {
    await (trx ? asOurs(trx) : this.db)
      .insertInto('suppression')
      .values(row)
      .onConflict((conflict) =>
        conflict.columns(['source', 'address']).where('source', 'like', sql.lit('report:%')).doNothing(),
      )
      .execute();
  }

  /** Also those that have faded. @returns the sources of those that held until now. */
  async lift<Tables>(address: string, actor: string, now: Date, trx?: Transaction<Tables>): Promise<string[]> {
    const rows = await (trx ? asOurs(trx) : this.db)
      .updateTable('suppression')
      .set({ lifted_at: now, lifted_by: actor })
      .where('address', '=', address)
      .where('lifted_at', 'is', null)
      .returning(['source', 'expires_at'])
      .execute();
    return rows.flatMap(({ source, expires_at: until }) => (until === null || until > now ? [source] : []));
  }

  async active(addresses: readonly string[] | 'all', now: Date) {
    const only = addresses === 'all' ? undefined : [...addresses];
    return this.db
      .selectFrom('suppression')
      .select(['address', 'reason'])
      .$if(only !== undefined, (query) => query.where('address', '=', sql<string>`any(${only})`))
      .where('lifted_at', 'is', null)
      .where('created_at', '<=', now)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
      .execute();
  }

  async history(address: string) {
    return this.db.selectFrom('suppression').selectAll().where('address', '=', address).orderBy('id').execute();
  }
}
