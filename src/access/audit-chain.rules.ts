import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../shared/canonical-json.js';

/** What is written about one action. None of it ever holds an address, a name or the text of a message. */
export interface NewAuditEntry {
  /** Who acted: a principal's id, such as `person:0198…`, `key:k3fj2m…` or `system:scheduler`. */
  readonly actor: string;
  /** What was done, in the past tense: `campaign.approved`. */
  readonly action: string;
  /** What it was done to: `campaign:0198…`. */
  readonly subject: string;
  /** Ids, states, counts and hashes that a reader needs to understand the entry. */
  readonly details: Readonly<Record<string, Json>>;
}

export interface AuditEntry extends NewAuditEntry {
  /** 1, 2, 3 … without a gap. */
  readonly sequence: number;
  readonly at: Date;
  readonly previousHash: string;
  readonly hash: string;
}

/** Where the chain ends. Noted outside the database, it also proves that nobody rewrote the whole chain. */
export interface AuditHead {
  readonly sequence: number;
  readonly hash: string;
}

/** The entry that is wrong, and how: changed after it was written, gone, or put there past the recorded end. */
export interface AuditFault {
  readonly sequence: number;
  readonly fault: 'altered' | 'missing' | 'added';
}

export const EMPTY_CHAIN: AuditHead = { sequence: 0, hash: '0'.repeat(64) };

/** SHA-256 (hex) over the entry's canonical JSON, which includes the hash of the entry before it. */
export function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  const { sequence, at, actor, action, subject, details, previousHash } = entry;
  const content = { sequence, at: at.toISOString(), actor, action, subject, details, previousHash };
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/** The first fault in `page`, whose entries follow `head`; entries come in the order of their sequence. */
export function firstFault(head: AuditHead, page: readonly AuditEntry[]): AuditFault | undefined {
  let last = head;
  for (const entry of page) {
    if (entry.sequence !== last.sequence + 1) return { sequence: last.sequence + 1, fault: 'missing' };
    if (hashOf(entry) !== entry.hash) return { sequence: entry.sequence, fault: 'altered' };
    // Entry and hash agree, so whoever changed the entry before this one also gave it a new hash.
    if (entry.previousHash !== last.hash) return { sequence: Math.max(last.sequence, 1), fault: 'altered' };
    last = entry;
  }
  return undefined;
}

/** Compares the end of the chain as found with the end as recorded. */
export function tailFault(found: AuditHead, recorded: AuditHead): AuditFault | undefined {
  if (found.sequence < recorded.sequence) return { sequence: found.sequence + 1, fault: 'missing' };
  if (found.sequence > recorded.sequence) return { sequence: recorded.sequence + 1, fault: 'added' };
  if (found.hash !== recorded.hash) return { sequence: Math.max(found.sequence, 1), fault: 'altered' };
  return undefined;
}
