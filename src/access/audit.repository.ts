import { Injectable } from '@nestjs/common';
import { type ColumnType, type Kysely, type Transaction } from 'kysely';
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
  async latest({ subject, before, limit }: AuditQuery): Promise<AuditEntry[]> {
    const rows = await this.db
      .selectFrom('audit_entry')
      .selectAll()
      .$if(subject !== undefined, (query) => query.where('subject', '=', subject ?? ''))
      .$if(before !== undefined, (query) => query.where('sequence', '<', before ?? 0))
      .orderBy('sequence', 'desc')
      .limit(limit)
      .execute();
    return rows.map(entryOf);
  }
}

type AuditRow = Omit<AuditTables['audit_entry'], 'details'> & { details: Record<string, Json> };

function entryOf({ previous_hash: previousHash, ...row }: AuditRow): AuditEntry {
  return { ...row, previousHash };
}
