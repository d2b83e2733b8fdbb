import { Injectable } from '@nestjs/common';
import { type Kysely, type Transaction } from 'kysely';
import { type OdsCode } from '../shared/ods-code.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type Permission } from './permission.rules.js';

export interface ApiKeyTables {
  api_key: {
    id: string;
    prefix: string;
    secret_hash: string;
    name: string;
    permissions: Permission[];
    region: OdsCode | null;
    created_by: string;
    created_at: Date;
    expires_at: Date;
    revoked_at: Date | null;
    /** YYYY-MM-DD, London. */
    last_used_on: string | null;
  };
}
export type ApiKeyRow = ApiKeyTables['api_key'];

@Injectable()
export class ApiKeyRepository {
  constructor(@InjectDatabase() readonly db: Kysely<ApiKeyTables>) {}

  async insert(row: ApiKeyRow, trx: Transaction<ApiKeyTables>): Promise<void> {
    await trx.insertInto('api_key').values(row).execute();
  }

  async byPrefix(prefix: string): Promise<ApiKeyRow | undefined> {
    return this.db.selectFrom('api_key').selectAll().where('prefix', '=', prefix).executeTakeFirst();
  }

  /** Newest first (ids are UUIDv7, so they are in the order of creation), after `before`. */
  async page(region: OdsCode | undefined, before: string | undefined, limit: number): Promise<ApiKeyRow[]> {
    return this.db
      .selectFrom('api_key')
      .selectAll()
      .$if(region !== undefined, (query) => query.where('region', '=', region ?? null))
      .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
  }

  /** The key as it is now, locked; undefined when there is none that a principal of `region` may see. */
  async lock(id: string, region: OdsCode | undefined, trx: Transaction<ApiKeyTables>): Promise<ApiKeyRow | undefined> {
    return trx
      .selectFrom('api_key')
      .selectAll()
      .where('id', '=', id)
      .$if(region !== undefined, (query) => query.where('region', '=', region ?? null))
      .forUpdate()
      .executeTakeFirst();
  }

  async revoke(id: string, at: Date, trx: Transaction<ApiKeyTables>): Promise<void> {
    await trx.updateTable('api_key').set({ revoked_at: at }).where('id', '=', id).execute();
  }

  /** Writes on the first use of a day only. */
  async usedOn(id: string, day: string): Promise<void> {
    await this.db
      .updateTable('api_key')
      .set({ last_used_on: day })
      .where('id', '=', id)
      .where((eb) => eb.or([eb('last_used_on', 'is', null), eb('last_used_on', '<', day)]))
      .execute();
  }
}
