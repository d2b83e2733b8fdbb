const SLAB = 1024 * 1024;

/**
 * Writes many messages one after another into memory that is used again and again. Every slab that a worker asks for
 * counts as pressure on the garbage collector: with fresh memory for each message it spent two fifths of its time
 * marking the whole heap.
 */
export class ByteWriter {
  private readonly slabs: Buffer[] = [];
  private at = 0;
  private slab: Buffer = Buffer.alloc(0);
  private from = 0;
  private to = 0;

  /** ASCII only: of any other character the low byte is written. */
  ascii(text: string): void {
    this.makeRoom(text.length);
    this.to += this.slab.write(text, this.to, 'latin1');
  }

  bytes(bytes: Buffer): void {
    this.makeRoom(bytes.length);
    this.slab.set(bytes, this.to);
    this.to += bytes.length;
  }

  /** What was written since the last call; it stays as it is until `clear`. */
  take(): Buffer {
    const taken = this.slab.subarray(this.from, this.to);
    this.from = this.to;
    return taken;
  }

  /** Forgets what was written since the last `take`. */
  drop(): void {
    this.to = this.from;
  }

  /** Begins anew: whatever was taken will be overwritten. */
  clear(): void {
    this.at = 0;
    this.slab = this.slabs[0] ?? this.slab;
    this.from = 0;
    this.to = 0;
  }

  private makeRoom(length: number): void {
    if (this.to + length <= this.slab.length) return;
    const written = this.slab.subarray(this.from, this.to);
    const wanted = written.length + length;
    if (this.slabs.length > 0) this.at += 1;
    let next = this.slabs[this.at];
    if (!next || next.length < wanted) next = this.slabs[this.at] = Buffer.allocUnsafeSlow(Math.max(SLAB, 2 * wanted));
    next.set(written);
    this.slab = next;
    this.from = 0;
    this.to = written.length;
  }
}
