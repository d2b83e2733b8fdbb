import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { markDone } from '../platform/http/index.js';
import { Clock } from '../shared/clock.js';
import {
  type AuditEntry,
  type AuditFault,
  type AuditHead,
  EMPTY_CHAIN,
  firstFault,
  hashOf,
  type NewAuditEntry,
  tailFault,
} from './audit-chain.rules.js';
import { type AuditQuery, AuditRepository, type AuditTables } from './audit.repository.js';

export type AuditVerdict =
  { readonly ok: true; readonly entries: number; readonly head: string } | ({ readonly ok: false } & AuditFault);

const VERIFY_PAGE = 5_000;

/** Who did what, when: append-only, each entry chained to the one before it by its hash. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly entriesOf: AuditRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Appends one entry and returns it. Within `trx` it is kept or lost together with what it reports. All writers
   * queue behind one lock until their transactions end, so call it as the last step of a transaction, and give it
   * transactions of the default isolation (read committed). A request with an Idempotency-Key counts as done from there.
   */
  async record<T>(entry: NewAuditEntry, trx?: Transaction<T>): Promise<AuditEntry> {
    if (!trx) return this.entriesOf.db.transaction().execute((own) => this.append(entry, own));
    return this.append(entry, trx as unknown as Transaction<AuditTables>);
  }

  /** Reads the whole trail and names the first entry that was altered, removed, or added past the recorded end. */
  async verify(): Promise<AuditVerdict> {
    return this.entriesOf.snapshot(async (trx) => {
      let found: AuditHead = EMPTY_CHAIN;
      for (;;) {
        const page = await this.entriesOf.after(found.sequence, VERIFY_PAGE, trx);
        const fault = firstFault(found, page);
        if (fault) return { ok: false, ...fault };
        found = page.at(-1) ?? found;
        if (page.length < VERIFY_PAGE) break;
      }
      const fault = tailFault(found, (await this.entriesOf.head(trx)) ?? EMPTY_CHAIN);
      return fault ? { ok: false, ...fault } : { ok: true, entries: found.sequence, head: found.hash };
    });
  }

  /** Newest first. Page on with `before` = the last sequence number of the page. */
  async entries(query: AuditQuery): Promise<AuditEntry[]> {
    return this.entriesOf.latest(query);
  }

  private async append(entry: NewAuditEntry, trx: Transaction<AuditTables>): Promise<AuditEntry> {
    const head = await this.entriesOf.lockHead(trx);
    const content = { ...entry, sequence: head.sequence + 1, at: this.clock.now(), previousHash: head.hash };
    const complete = { ...content, hash: hashOf(content) };
    await this.entriesOf.append(complete, trx);
    await markDone(trx);
    return complete;
  }
}
