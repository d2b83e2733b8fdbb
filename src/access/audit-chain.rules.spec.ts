import fc from 'fast-check';
import { type Json } from '../shared/canonical-json.js';
import { type AuditEntry, EMPTY_CHAIN, firstFault, hashOf, tailFault } from './audit-chain.rules.js';

const chain = (details: readonly Record<string, Json>[]): AuditEntry[] => {
  const entries: AuditEntry[] = [];
  for (const [index, detail] of details.entries()) {
    const content = {
      sequence: index + 1,
      at: new Date(1_789_000_000_000 + index),
      actor: 'system:test',
      action: 'thing.done',
      subject: `thing:${index}`,
      details: detail,
      previousHash: entries.at(-1)?.hash ?? EMPTY_CHAIN.hash,
    };
    entries.push({ ...content, hash: hashOf(content) });
  }
  return entries;
};
const details = fc.array(fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<Json>), {
  minLength: 2,
  maxLength: 8,
});

describe('the chain of the audit trail', () => {
  it('holds for whatever details, whichever order their keys come back in', () => {
    fc.assert(
      fc.property(details, (given) => {
        const stored = chain(given).map((entry) => ({
          ...entry,
          details: Object.fromEntries(Object.entries(entry.details).reverse()),
        }));
        expect(firstFault(EMPTY_CHAIN, stored)).toBeUndefined();
      }),
    );
  });

  it('names any one entry that was changed, removed or cut off', () => {
    fc.assert(
      fc.property(details, fc.nat(), (given, pick) => {
        const entries = chain(given);
        const head = entries.at(-1)!;
        const index = pick % entries.length;
        const changed = entries.with(index, { ...entries[index]!, actor: 'system:other' });
        expect(firstFault(EMPTY_CHAIN, changed)).toEqual({ sequence: index + 1, fault: 'altered' });
        const shorter = entries.toSpliced(index, 1);
        const fault = firstFault(EMPTY_CHAIN, shorter) ?? tailFault(shorter.at(-1) ?? EMPTY_CHAIN, head);
        expect(fault).toEqual({ sequence: index + 1, fault: 'missing' });
      }),
    );
  });

  it('goes on from the page before', () => {
    const entries = chain([{}, {}, {}, {}]);
    expect(firstFault(entries[1]!, entries.slice(2))).toBeUndefined();
    expect(firstFault(entries[0]!, entries.slice(2))).toEqual({ sequence: 2, fault: 'missing' });
  });
});
