import { Injectable } from '@nestjs/common';
import { type ColumnType, type Kysely, sql, type SqlBool, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type Json } from '../shared/canonical-json.js';
import { type AuditEntry, type AuditHead } from './audit-chain.rules.js';

export interface AuditTables {
  audit_entry: {
    sequence: number;
    at: Date;
    actor: string;
    action: string;
    subject: string;
    details: ColumnType<Record<string, Json>, string, never>;
    previous_hash: string;
    hash: string;
  };
  audit_head: { only_row: boolean; sequence: number; hash: string };
}

export interface AuditQuery {
  /** Only entries about this subject. */
  readonly subject?: string;
  /** Only entries of these actors. */
  readonly actors?: readonly string[];
  /** Only actions of this kind: the part of their name before the dot, as `campaign`. */
  readonly area?: string;
  /** Only entries of this instant or later. */
  readonly from?: Date;
  /** Only entries before this instant. */
  readonly until?: Date;
  /** Only what people and keys of this region did, or had done to them. */
  readonly region?: string;
  /** Only entries older than this sequence number. */
  readonly before?: number;
  readonly limit: number;
}

@Injectable()
export class AuditRepository {
  constructor(@InjectDatabase() readonly db: Kysely<AuditTables>) {}

  /** Waits for every other writer's transaction: whoever holds this lock is the only one that may append. */
  async lockHead(trx: Transaction<AuditTables>): Promise<AuditHead> {
    return trx.selectFrom('audit_head').select(['sequence', 'hash']).forUpdate().executeTakeFirstOrThrow();
  }

  async append(entry: AuditEntry, trx: Transaction<AuditTables>): Promise<void> {
    const { previousHash, details, ...columns } = entry;
    await trx
      .insertInto('audit_entry')
      .values({ ...columns, previous_hash: previousHash, details: JSON.stringify(details) })
      .execute();
    await trx.updateTable('audit_head').set({ sequence: entry.sequence, hash: entry.hash }).execute();
  }

  /** Runs `read` on one unmoving picture of the trail, whatever is appended meanwhile. */
  async snapshot<R>(read: (trx: Transaction<AuditTables>) => Promise<R>): Promise<R> {
    return this.db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read);
  }

  async head(trx: Transaction<AuditTables>): Promise<AuditHead | undefined> {
    return trx.selectFrom('audit_head').select(['sequence', 'hash']).executeTakeFirst();
  }

  /** Oldest first, from after `sequence`. */
  async after(sequence: number, limit: number, trx: Transaction<AuditTables>): Promise<AuditEntry[]> {
    const rows = await trx
      .selectFrom('audit_entry')
      .selectAll()
      .where('sequence', '>', sequence)
      .orderBy('sequence')
      .limit(limit)
      .execute();
    return rows.map(entryOf);
  }

  /** Newest first. */
  async latest({ subject, actors, area, from, until, region, before, limit }: AuditQuery): Promise<AuditEntry[]> {
    let query = this.db.selectFrom('audit_entry').selectAll();
    if (subject !== undefined) query = query.where('subject', '=', subject);
    if (actors) query = query.where('actor', '=', sql<string>`any(${[...actors]}::text[])`);
    if (area !== undefined) query = query.where(sql<SqlBool>`split_part(action, '.', 1) = ${area}`);
    if (from) query = query.where('at', '>=', from);
    if (until) query = query.where('at', '<', until);
    if (region !== undefined) query = query.where(within(region));
    if (before !== undefined) query = query.where('sequence', '<', before);
    return (await query.orderBy('sequence', 'desc').limit(limit).execute()).map(entryOf);
  }
}

function within(region: string) {
  const local = sql`select 'person:' || id from person where region = ${region}
    union all select 'key:' || prefix from api_key where region = ${region}`;
  return sql<SqlBool>`(actor in (${local}) or subject in (${local}))`;
}

type AuditRow = Omit<AuditTables['audit_entry'], 'details'> & { details: Record<string, Json> };

function entryOf({ previous_hash: previousHash, ...row }: AuditRow): AuditEntry {
  return { ...row, previousHash };
}
