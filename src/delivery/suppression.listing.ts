import { Injectable } from '@nestjs/common';
import { type Kysely } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { type DeliveryTables } from './delivery.tables.js';
import { type Suppression } from './suppression.list.js';

/** Pages of suppressions, newest first. */
@Injectable()
export class SuppressionListing {
  constructor(
    @InjectDatabase() private readonly db: Kysely<DeliveryTables>,
    private readonly clock: Clock,
  ) {}

  /** `active`: only those that hold now. Page on with the last id. */
  async page(active: boolean, limit: number, before?: number): Promise<(Suppression & { readonly id: number })[]> {
    let query = this.db.selectFrom('suppression').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    if (active) {
      query = query
        .where('lifted_at', 'is', null)
        .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', this.clock.now())]));
    }
    return (await query.execute()).map((row) => ({
      id: row.id,
      address: row.address,
      reason: row.reason,
      source: row.source,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      liftedAt: row.lifted_at,
      liftedBy: row.lifted_by,
    }));
  }
}
