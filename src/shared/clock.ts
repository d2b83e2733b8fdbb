/** The time that decides: what is due, what has expired, what "today" is. Never read `new Date()` for those. */
export abstract class Clock {
  /** The present instant (UTC, as every Date is). */
  abstract now(): Date;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

/** Stands still until it is moved: demos, simulations and tests. */
export class FixedClock extends Clock {
  private instant: Date;

  constructor(instant: Date) {
    super();
    this.instant = new Date(instant);
  }

  now(): Date {
    return new Date(this.instant);
  }

  moveTo(instant: Date): void {
    this.instant = new Date(instant);
  }

  advance(milliseconds: number): void {
    this.instant = new Date(this.instant.getTime() + milliseconds);
  }
}
