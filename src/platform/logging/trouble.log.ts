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
 * Tells an operator of trouble that comes back again and again: the first time at once, and then once a minute, how often
 * and for how long already. A database that is away refuses every request, and a queue says so twice a second.
 */
export class TroubleLog {
  /** By subject and reason, of which there are few. Times are of the monotonic clock. */
  private readonly troubles = new Map<string, Trouble>();

  constructor(
    private readonly logger: Logger,
    private readonly level: 'error' | 'warn',
    private readonly message: string,
  ) {}

  note(error: unknown, subject: Readonly<Record<string, string>> = {}): void {
    const now = performance.now();
    const reason = reasonOf(error);
    const key = JSON.stringify([subject, reason]);
    const known = this.troubles.get(key);
    const trouble =
      known && now - known.last < AT_MOST_EVERY ? known : { since: now, last: now, toldAt: -Infinity, untold: 0 };
    this.troubles.set(key, trouble);
    trouble.last = now;
    trouble.untold += 1;
    if (now - trouble.toldAt < AT_MOST_EVERY) return;
    const seconds = Math.round((now - trouble.since) / 1_000);
    this.logger[this.level]({ message: this.message, ...subject, reason, times: trouble.untold, seconds });
    trouble.toldAt = now;
    trouble.untold = 0;
  }
}

/** What PostgreSQL says of a statement may quote a value; its code does not, nor what is said of a connection. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof AppError) return error.cause ? `${error.code}: ${reasonOf(error.cause)}` : error.code;
  const { code } = error as NodeJS.ErrnoException;
  return 'severity' in error || error.message === '' ? (code ?? error.name) : error.message;
}
