/** A seeded generator of numbers (mulberry32): the same seed gives the same fixtures on every machine. */
export class Random {
  /** @param {number} seed */
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** From 0 up to and not including 1. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** @param {number} share of cases in which it is true */
  chance(share) {
    return this.next() < share;
  }

  /** @param {number} from @param {number} to both included */
  whole(from, to) {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** @template T @param {readonly T[]} items @returns {T} */
  pick(items) {
    return /** @type {T} */ (items[Math.floor(this.next() * items.length)]);
  }

  /** @template T @param {readonly (readonly [T, number])[]} weighted @returns {T} */
  weighted(weighted) {
    let left = this.next() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of weighted) if ((left -= weight) < 0) return item;
    return /** @type {[T, number]} */ (weighted.at(-1))[0];
  }

  /** A day between two days (ISO, both included). @param {string} from @param {string} to */
  day(from, to) {
    const days = (Date.parse(to) - Date.parse(from)) / 86_400_000;
    return new Date(Date.parse(from) + this.whole(0, days) * 86_400_000).toISOString().slice(0, 10);
  }
}
