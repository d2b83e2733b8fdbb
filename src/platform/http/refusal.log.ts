import { type Logger } from '@nestjs/common';
import { AppError } from '../../shared/errors.js';

/** Of lines about the same trouble, in milliseconds; what comes after a longer silence is new. */
const AT_MOST_EVERY = 60_000;

interface Trouble {
  readonly since: number;
  last: number;
  toldAt: number;
  untold: number;
}

/**
 * Tells an operator that requests are refused for now (503), why, and for how long already: the first at once, and the
 * others once a minute, as a database that is away refuses every request.
 */
export class RefusalLog {
  /** By reason, of which there are few. Times are of the monotonic clock. */
  private readonly troubles = new Map<string, Trouble>();

  constructor(private readonly logger: Logger) {}

  note(error: unknown): void {
    const now = performance.now();
    const reason = reasonOf(error);
    const known = this.troubles.get(reason);
    const trouble =
      known && now - known.last < AT_MOST_EVERY ? known : { since: now, last: now, toldAt: -Infinity, untold: 0 };
    this.troubles.set(reason, trouble);
    trouble.last = now;
    trouble.untold += 1;
    if (now - trouble.toldAt < AT_MOST_EVERY) return;
    const seconds = Math.round((now - trouble.since) / 1_000);
    this.logger.error({ message: 'requests refused', reason, requests: trouble.untold, seconds });
    trouble.toldAt = now;
    trouble.untold = 0;
  }
}

/** PostgreSQL's own words may quote a value; a code may not, nor may what is said of a connection. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof AppError) return error.cause ? `${error.code}: ${reasonOf(error.cause)}` : error.code;
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
