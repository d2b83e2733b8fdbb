import { Inject, Injectable, Optional } from '@nestjs/common';
import { lookupOf, NhsmailIndex } from './nhsmail.lookup.js';
import { segmentOf } from './segment.decision.js';
import { UNCHANGING_DIRECTORY } from './unchanging-directory.module.js';
import { type AccountSelection, type AccountWithRoles, SegmentRepository } from './segment.repository.js';
import { type Segment, type SegmentResult, SEGMENTS } from './segment.types.js';

/** Accounts read and classified at a time: large enough to keep the database busy, small enough to hold. */
const BATCH = 2_000;

export interface ClassifiedAccount {
  readonly account: AccountWithRoles;
  readonly result: SegmentResult;
}

/** Which sign-in group accounts are in. Always worked out afresh from the imported files: segments are stored nowhere. */
@Injectable()
export class SegmentsService {
  /** Everybody, once worked out: only where the directory is known not to change. */
  private kept: readonly ClassifiedAccount[][] | undefined;

  constructor(
    private readonly repository: SegmentRepository,
    @Optional() @Inject(UNCHANGING_DIRECTORY) private readonly isUnchanging = false,
  ) {}

  /** Every account in id order. Holds one batch at a time, whatever the number of accounts. */
  async *classifyAll(): AsyncGenerator<SegmentResult> {
    for await (const batch of this.batches()) yield* batch.map(({ result }) => result);
  }

  /** These accounts, each once and in any order; ids that are in no export are left out. */
  async classify(accountIds: readonly string[]): Promise<SegmentResult[]> {
    const ids = [...new Set(accountIds)].sort();
    const results: SegmentResult[] = [];
    for (let start = 0; start < ids.length; start += BATCH) {
      const batch = await this.classifyBatch({ ids: ids.slice(start, start + BATCH) });
      results.push(...batch.map(({ result }) => result));
    }
    return results;
  }

  /** Number of accounts in each segment, zero included. */
  async counts(): Promise<Record<Segment, number>> {
    const counts = Object.fromEntries(SEGMENTS.map((segment) => [segment, 0])) as Record<Segment, number>;
    for await (const batch of this.batches()) for (const { result } of batch) counts[result.segment] += 1;
    return counts;
  }

  /** Every account with its memberships, in batches in id order. */
  async *batches(limit = BATCH): AsyncGenerator<ClassifiedAccount[]> {
    if (this.kept) {
      yield* this.kept;
      return;
    }
    const all: ClassifiedAccount[][] = [];
    for await (const batch of this.fresh(limit)) {
      if (this.isUnchanging) all.push(batch);
      yield batch;
    }
    if (this.isUnchanging) this.kept = all;
  }

  private async *fresh(limit: number): AsyncGenerator<ClassifiedAccount[]> {
    let batch = await this.classifyBatch({ after: '', limit });
    for (let last = batch.at(-1); last !== undefined; last = batch.at(-1)) {
      yield batch;
      batch = await this.classifyBatch({ after: last.account.id, limit });
    }
  }

  private async classifyBatch(selection: AccountSelection): Promise<ClassifiedAccount[]> {
    const asked = (await this.repository.accounts(selection)).map((account) => ({
      account,
      lookup: lookupOf(account),
    }));
    const known = new NhsmailIndex(
      await this.repository.nhsmailEntries(
        asked.map(({ account }) => account.id),
        asked.map(({ lookup }) => lookup),
      ),
    );
    return asked.map(({ account, lookup }) => ({
      account,
      result: segmentOf(account, known.entriesFor(account, lookup)),
    }));
  }
}
