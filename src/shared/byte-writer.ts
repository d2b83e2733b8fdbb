const SLAB = 1024 * 1024;

/** Writes many messages one after another into large pieces of memory: a buffer for each keeps the garbage collector busy. */
export class ByteWriter {
  private slab = Buffer.allocUnsafeSlow(SLAB);
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

  /** What was written since the last call; it stays as it is. */
  take(): Buffer {
    const taken = this.slab.subarray(this.from, this.to);
    this.from = this.to;
    return taken;
  }

  /** Forgets what was written since the last `take`. */
  drop(): void {
    this.to = this.from;
  }

  private makeRoom(length: number): void {
    if (this.to + length <= this.slab.length) return;
    const written = this.slab.subarray(this.from, this.to);
    this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB, 2 * (written.length + length)));
    this.slab.set(written);
    this.from = 0;
    this.to = written.length;
  }
}
