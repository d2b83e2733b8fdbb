import { setTimeout as delay } from 'node:timers/promises';

/**
 * How long a process that stops waits for its queues, in milliseconds. A Redis that is away, or no longer answers, keeps
 * whoever waits for it for ever, and what was not said to it is only said later: the queue is disposable.
 */
export const STOP_PATIENCE = 1_000;

/** Whether the work is done before the patience of a process that stops is at its end. */
export async function doneInTime(work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  const late = delay(STOP_PATIENCE, false, { signal: over.signal });
  const inTime = await Promise.race([work.then(() => true), late]);
  over.abort();
  return inTime;
}
