import { Inject, Injectable, Optional } from '@nestjs/common';
import { segmentOf } from './segment.decision.js';
import { UNCHANGING_DIRECTORY } from './unchanging-directory.module.js';
import { type AccountWithRoles } from './segment.queries.js';
import { type NewestImport, SegmentRepository } from './segment.repository.js';
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

  /** The newest import by which somebody may be in another group; undefined before the first. */
  async newestImport(): Promise<NewestImport | undefined> {
    return this.repository.newestImport();
  }

  /** Every account in id order. Holds one batch at a time, whatever the number of accounts. */
  async *classifyAll(): AsyncGenerator<SegmentResult> {
    for await (const batch of this.batches()) yield* batch.map(({ result }) => result);
  }

  /** These accounts, each once and in any order; ids that are in no export are left out. */
  async classify(accountIds: readonly string[]): Promise<SegmentResult[]> {
    const ids = [...new Set(accountIds)].sort();
    const results: SegmentResult[] = [];
    for (let start = 0; start < ids.length; start += BATCH) {
      const asked = await this.repository.accounts(ids.slice(start, start + BATCH));
      results.push(...asked.map(({ account, known }) => segmentOf(account, known)));
    }
    return results;
  }

  /** Number of accounts in each segment, zero included. */
  async counts(): Promise<Record<Segment, number>> {
    const counts = Object.fromEntries(SEGMENTS.map((segment) => [segment, 0])) as Record<Segment, number>;
    for await (const batch of this.batches()) for (const { result } of batch) counts[result.segment] += 1;
    return counts;
  }

  /** Every account with its memberships, in batches in id order, as they all stood at one moment. */
  async *batches(limit = BATCH): AsyncGenerator<ClassifiedAccount[]> {
    if (this.kept) {
      yield* this.kept;
      return;
    }
    const all: ClassifiedAccount[][] = [];
    for await (const asked of this.repository.everybody(limit)) {
      const batch = asked.map(({ account, known }) => ({ account, result: segmentOf(account, known) }));
      if (this.isUnchanging) all.push(batch);
      yield batch;
    }
    if (this.isUnchanging) this.kept = all;
  }
}
