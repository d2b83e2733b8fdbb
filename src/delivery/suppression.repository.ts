import { Injectable } from '@nestjs/common';
import { type Insertable, type Kysely, type RawBuilder, sql, type SqlBool, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { asOurs, type DeliveryTables } from './delivery.tables.js';

type NewRow = Insertable<DeliveryTables['suppression']> & { readonly created_at: Date };

@Injectable()
export class SuppressionRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DeliveryTables>) {}

  /** One at a time for each address, so that of two who add at once one finds what the other added. */
  async add<Tables>(row: NewRow, trx?: Transaction<Tables>): Promise<void> {
    if (!trx) return this.db.transaction().execute((own) => this.add(row, own));
    const db = asOurs(trx);
    await sql`select pg_advisory_xact_lock(hashtextextended(${`suppression:${row.address}`}, 0))`.execute(db);
    if (await this.extend(row, db)) return;
    await db
      .insertInto('suppression')
      .values(row)
      // A report suppresses its address once, also when that was lifted since.
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

  /** False when none of this reason and source holds now: what has faded stays as it was. */
  private async extend(row: NewRow, db: Transaction<DeliveryTables>): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('suppression')
      .set({
        expires_at: sql`nullif(
          greatest(coalesce(expires_at, 'infinity'), coalesce(${row.expires_at}::timestamptz, 'infinity')), 'infinity')`,
      })
      .where('address', '=', row.address)
      .where('reason', '=', row.reason)
      .where(sql<SqlBool>`${origin(sql.ref('source'))} = ${origin(sql.val(row.source))}`)
      .where('lifted_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', row.created_at)]))
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }
}

/** All reports are one: what several say of an address is the same thing, said several times. */
const origin = (source: RawBuilder<unknown>) => sql<string>`regexp_replace(${source}, '^report:.*', 'report')`;
