/**
 * Ctrl-C and SIGTERM: let go of everything in order, then end. Watches from before the start, because a signal that
 * ended Node at once while the embedded database starts would leave that behind.
 */
export class Interruption {
  private requested = false;
  private ending: Promise<void> | undefined;
  private stop: (() => Promise<void>) | undefined;

  constructor(private readonly exitCode: number) {
    const request = (): void => {
      // A second Ctrl-C changes nothing: what is on the wire has its own time limit.
      this.requested = true;
      this.run();
    };
    process.on('SIGINT', request).on('SIGTERM', request);
  }

  get isRequested(): boolean {
    return this.requested;
  }

  /** What to do when the signal comes; at once when it came already. */
  whenRequested(stop: () => Promise<void>): void {
    this.stop = stop;
    if (this.requested) this.run();
  }

  /** Settles when the stop that a signal asked for is over; the process ends then. */
  async ended(): Promise<void> {
    await this.ending;
  }

  private run(): void {
    if (this.stop === undefined || this.ending !== undefined) return;
    this.ending = this.stop().then(
      () => process.exit(this.exitCode),
      (error: unknown) => {
        process.stderr.write(`The stop was not clean: ${error instanceof Error ? error.message : 'unknown'}\n`);
        process.exit(1);
      },
    );
  }
}
