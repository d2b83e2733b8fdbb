import type { KnownNhsmail, SegmentAccount } from '../../src/segments/index.js';

export class NhsmailIndex {
  constructor(entries: readonly KnownNhsmail[]);
  entriesFor(account: SegmentAccount, address: string | null): KnownNhsmail[];
}
