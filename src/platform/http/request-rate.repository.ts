import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../database/index.js';

interface RateTables {
  request_rate: { key: string; hits: number; resets_at: Date };
}

@Injectable()
export class RequestRateRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<RateTables>) {}

  /** Counts one request in the key's window of `windowMs`; `resetsInMs` is what is left of it. */
  async hit(key: string, windowMs: number): Promise<{ hits: number; resetsInMs: number }> {
    const { rows } = await sql<{ hits: number; resets_in_ms: number }>`
      insert into request_rate as rate (key, hits, resets_at)
      values (${key}, 1, clock_timestamp() + ${windowMs} * interval '1 millisecond')
      on conflict (key) do update set
        hits = case when rate.resets_at <= clock_timestamp() then 1 else rate.hits + 1 end,
        resets_at = case when rate.resets_at <= clock_timestamp() then excluded.resets_at else rate.resets_at end
      returning hits, ceil(extract(epoch from resets_at - clock_timestamp()) * 1000) as resets_in_ms
    `.execute(this.db);
    const row = rows[0];
    return { hits: row?.hits ?? 1, resetsInMs: row?.resets_in_ms ?? windowMs };
  }

  async removePast(): Promise<void> {
    await this.db
      .deleteFrom('request_rate')
      .where('resets_at', '<', sql<Date>`clock_timestamp()`)
      .execute();
  }
}
