import { setFlagsFromString } from 'node:v8';

/** In per cent of what was in use after the last full collection. */
const MOST_GARBAGE = 50;

/**
 * Keeps the memory of a process through which much passes, and which holds little of it, near what it uses. Left alone,
 * V8 lets what outlived the young generation pile up to four times what is in use before it looks through it, the more
 * the busier the machine: a worker with 83 MB in use held 500 MB in the middle of a million messages, and holds 268 MB
 * so, for about a twentieth of its speed. It is no upper limit: what is needed is given. Not for a
 * process that plans: it holds the whole directory, and going through that more often cost a quarter more time.
 */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${MOST_GARBAGE}`);
}
