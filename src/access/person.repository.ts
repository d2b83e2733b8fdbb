import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type SqlBool, type Transaction } from 'kysely';
import { type OdsCode } from '../shared/ods-code.js';
import { containing, InjectDatabase } from '../platform/database/index.js';
import { type AccessRole } from './permission.rules.js';

export interface PersonTables {
  person: {
    id: string;
    issuer: string;
    subject: string;
    display_name: string;
    roles: AccessRole[];
    region: OdsCode | null;
    version: number;
    created_at: Date;
    deactivated_at: Date | null;
  };
}
export type PersonRow = PersonTables['person'];

@Injectable()
export class PersonRepository {
  constructor(@InjectDatabase() readonly db: Kysely<PersonTables>) {}

  /** The row of this issuer and subject, locked, made from `fresh` when there is none yet. */
  async findOrCreate(fresh: PersonRow, trx: Transaction<PersonTables>): Promise<PersonRow> {
    await trx
      .insertInto('person')
      .values(fresh)
      .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doNothing())
      .execute();
    return trx
      .selectFrom('person')
      .selectAll()
      .where('issuer', '=', fresh.issuer)
      .where('subject', '=', fresh.subject)
      .forUpdate()
      .executeTakeFirstOrThrow();
  }

  async lock(id: string, trx: Transaction<PersonTables>): Promise<PersonRow | undefined> {
    return trx.selectFrom('person').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  }

  async update(
    id: string,
    change: Partial<Pick<PersonRow, 'display_name' | 'roles' | 'region' | 'deactivated_at'>>,
    trx: Transaction<PersonTables>,
  ): Promise<PersonRow> {
    return trx
      .updateTable('person')
      .set({ ...change, version: sql<number>`version + 1` })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async find(id: string): Promise<PersonRow | undefined> {
    return this.db.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Ids of everybody who may administer the whole country, locked, so that two changes cannot take away the last two. */
  async lockAdministrators(trx: Transaction<PersonTables>): Promise<string[]> {
    const rows = await trx
      .selectFrom('person')
      .select('id')
      .where(sql<SqlBool>`'admin' = any(roles)`)
      .where('deactivated_at', 'is', null)
      .where('region', 'is', null)
      .orderBy('id')
      .forUpdate()
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Newest first, after `before`; `find` is a part of the name. */
  async page(region: OdsCode | undefined, before: string | undefined, limit: number, find = ''): Promise<PersonRow[]> {
    return this.db
      .selectFrom('person')
      .selectAll()
      .$if(region !== undefined, (query) => query.where('region', '=', region ?? null))
      .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
      .$if(find !== '', (query) => query.where('display_name', 'ilike', containing(find)))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
  }
}
