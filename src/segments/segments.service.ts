import { Inject, Injectable, Optional } from '@nestjs/common';
import { lookupOf, NhsmailIndex, type NhsmailLookup } from './nhsmail.lookup.js';
import { segmentOf } from './segment.decision.js';
import { UNCHANGING_DIRECTORY } from './unchanging-directory.module.js';
import { type AccountSelection, type AccountWithRoles, SegmentRepository } from './segment.repository.js';
import { type KnownNhsmail, type Segment, type SegmentResult, SEGMENTS } from './segment.types.js';

/** Accounts read and classified at a time: large enough to keep the database busy, small enough to hold. */
const BATCH = 2_000;

export interface Pace {
  /** Accounts in a batch. */
  readonly limit: number;
  /** The next batch is read while somebody works on this one. */
  readonly isHurried: boolean;
}

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
  async *batches({ limit, isHurried }: Pace = { limit: BATCH, isHurried: true }): AsyncGenerator<ClassifiedAccount[]> {
    if (this.kept) {
      yield* this.kept;
      return;
    }
    const all: ClassifiedAccount[][] = [];
    for await (const batch of this.fresh({ limit, isHurried })) {
      if (this.isUnchanging) all.push(batch);
      yield batch;
    }
    if (this.isUnchanging) this.kept = all;
  }

  private async *fresh({ limit, isHurried }: Pace): AsyncGenerator<ClassifiedAccount[]> {
    let reading = this.begun({ after: '', limit });
    try {
      for (;;) {
        const { asked, entries } = await reading;
        const last = asked.at(-1);
        if (last === undefined) return;
        if (isHurried) reading = this.begun({ after: last.account.id, limit });
        yield classified(asked, await entries);
        if (!isHurried) reading = this.begun({ after: last.account.id, limit });
      }
    } finally {
      // Whoever stops early leaves no query behind.
      const left = await reading.catch(() => undefined);
      await left?.entries.catch(() => undefined);
    }
  }

  private async classifyBatch(selection: AccountSelection): Promise<ClassifiedAccount[]> {
    const { asked, entries } = await this.read(selection);
    return classified(asked, await entries);
  }

  /** Its failure is heard of when its turn comes, which may be later. */
  private begun(selection: AccountSelection): ReturnType<SegmentsService['read']> {
    const reading = this.read(selection);
    reading.catch(() => undefined);
    return reading;
  }

  /** The accounts, and the directory entries that have to do with them as they come in. */
  private async read(
    selection: AccountSelection,
  ): Promise<{ asked: AskedAccount[]; entries: Promise<KnownNhsmail[]> }> {
    const asked = (await this.repository.accounts(selection)).map((account) => ({
      account,
      lookup: lookupOf(account),
    }));
    const entries = this.repository.nhsmailEntries(
      asked.map(({ account }) => account.id),
      asked.map(({ lookup }) => lookup),
    );
    entries.catch(() => undefined);
    return { asked, entries };
  }
}

interface AskedAccount {
  readonly account: AccountWithRoles;
  readonly lookup: NhsmailLookup;
}

function classified(asked: readonly AskedAccount[], entries: readonly KnownNhsmail[]): ClassifiedAccount[] {
  const known = new NhsmailIndex(entries);
  return asked.map(({ account, lookup }) => ({
    account,
    result: segmentOf(account, known.entriesFor(account, lookup)),
  }));
}
