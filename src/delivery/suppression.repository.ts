import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type DeliveryTables } from './delivery.tables.js';

@Injectable()
export class SuppressionRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DeliveryTables>) {}

  async add(row: { address: string; reason: string; source: string; created_at: Date; expires_at: Date | null }) {
    await this.db.insertInto('suppression').values(row).execute();
  }

  async lift(address: string, actor: string, now: Date): Promise<number> {
    const { numUpdatedRows } = await this.db
      .updateTable('suppression')
      .set({ lifted_at: now, lifted_by: actor })
      .where('address', '=', address)
      .where('lifted_at', 'is', null)
      .executeTakeFirst();
    return Number(numUpdatedRows);
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
