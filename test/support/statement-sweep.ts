import { EventEmitter, once } from 'node:events';
import { type Kysely } from 'kysely';
import { type Break, type BreakingWire } from './breaking-wire.js';

/** Something that is tried again and again, over a wire that breaks. */
export interface Scene<S> {
  begin(): Promise<S>;
  /** Over the wire; what it throws is its caller's to try again. */
  tick(scene: S): Promise<unknown>;
  /** What is there in the end, without ids. */
  end(scene: S): Promise<unknown>;
}

/** One to break in, one to mend, and one that finds nothing to do. */
const TICKS = 3;
/** Where turns are taken and given back, and what is kept is kept. */
const AT_THE_ENDS = 8;
/** As many as a pool has connections. */
const CONNECTIONS = 20;

/**
 * Whichever statement breaks: the end is that of the whole story.
 * @param stride every how many statements, between the first ones and the last; default: each.
 */
export async function expectSameEnd<S>(scene: Scene<S>, wire: BreakingWire, how: Break, stride = 1): Promise<void> {
  const end = await play(scene, wire, Infinity, how);
  const { statements } = wire;
  expect(statements).toBeGreaterThan(5);
  for (let at = 1; at <= statements; at += at < AT_THE_ENDS || at > statements - AT_THE_ENDS ? 1 : stride) {
    expect({ at, end: await play(scene, wire, at, how) }).toEqual({ at, end });
  }
}

async function play<S>(
  { begin, tick, end }: Scene<S>,
  wire: BreakingWire,
  breakAt: number,
  how: Break,
): Promise<unknown> {
  const scene = await begin();
  wire.breakAt(breakAt, how);
  for (let ticks = 0; ticks < TICKS; ticks += 1) await tick(scene).catch(() => undefined);
  return end(scene);
}

/** None was lost to the pool, and none is still held. */
export async function expectAllConnections(db: Kysely<never>, wire: BreakingWire): Promise<void> {
  wire.breakAt(Infinity, 'unsent');
  let held = 0;
  const all = new EventEmitter();
  const letGo = once(all, 'let go');
  const hold = () =>
    db.connection().execute(async () => {
      if ((held += 1) === CONNECTIONS) all.emit('let go');
      await letGo;
    });
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, hold));
  } finally {
    all.emit('let go');
  }
}
