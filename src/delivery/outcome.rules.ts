import { assertNever } from '../shared/assert-never.js';
import { type RetryPolicy } from './delivery.options.js';
import { type MessageState } from './message.states.js';
import { type Outcome } from './transport.js';

/** What is to be written down about a message. */
export interface Change {
  readonly ordinal: number;
  readonly state: MessageState;
  readonly reason?: string;
  readonly code?: number;
  readonly enhanced?: string;
  readonly nextAttemptAt?: Date;
  /** It came back through no fault of its own: the attempt does not count. */
  readonly setback?: boolean;
}

export interface Tried {
  readonly ordinal: number;
  /** Attempts so far, this one included. */
  readonly attempt: number;
  readonly setbacks: number;
}

/** What an outcome makes of a message. `random` is in [0, 1) and spreads out what failed together. */
export function changeFor(outcome: Outcome, tried: Tried, policy: RetryPolicy, now: Date, random: number): Change {
  const { ordinal } = tried;
  const later = (): Date => new Date(now.getTime() + delaySeconds(tried.attempt, policy, random) * 1_000);
  const bySetback = isBlameless(outcome) || tried.setbacks < policy.setbacks;
  const byAttempt = (details: Omit<Change, 'ordinal' | 'state'>): Change =>
    tried.attempt < policy.attempts
      ? { ordinal, state: 'deferred', nextAttemptAt: later(), ...details }
      : { ordinal, state: 'failed', ...details };

  switch (outcome.kind) {
    case 'accepted':
      return { ordinal, state: 'accepted', code: outcome.code };
    case 'permanent':
      return { ordinal, state: 'failed', ...replyOf(outcome) };
    case 'transient':
      return byAttempt(replyOf(outcome));
    case 'throttled':
      // The whole transport rests; this message lets others go first when it is used again.
      return bySetback
        ? { ordinal, state: 'deferred', nextAttemptAt: later(), setback: true, ...replyOf(outcome) }
        : byAttempt(replyOf(outcome));
    case 'not-sent':
      return bySetback
        ? { ordinal, state: 'queued', setback: true, reason: outcome.reason }
        : byAttempt({ reason: outcome.reason });
    case 'undecided':
      return { ordinal, state: 'unknown', reason: outcome.reason };
    default:
      return assertNever(outcome);
  }
}

/** The server, and not this message, is in trouble: everybody slows down. */
export function isTrouble(outcome: Outcome): boolean {
  return outcome.kind === 'throttled' || outcome.kind === 'not-sent';
}

/** It never counts as an attempt: an operator may need a night to find the right password. */
function isBlameless(outcome: Outcome): boolean {
  return 'blameless' in outcome && outcome.blameless === true;
}

/** Doubles from one attempt to the next, within 20 % either way. */
function delaySeconds(attempt: number, policy: RetryPolicy, random: number): number {
  const doubled = policy.firstDelaySeconds * 2 ** (attempt - 1);
  return Math.min(doubled, policy.longestDelaySeconds) * (0.8 + 0.4 * random);
}

function replyOf(outcome: { code: number; enhanced?: string; response: string }) {
  const { code, enhanced, response } = outcome;
  return { code, reason: response, ...(enhanced === undefined ? {} : { enhanced }) };
}
