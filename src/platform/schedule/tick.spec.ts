import { Logger } from '@nestjs/common';
import { Tick } from './tick.js';

const quiet = Object.assign(new Logger(), { error: () => undefined });

describe('a tick', () => {
  it('never overlaps itself', async () => {
    let running = 0;
    let most = 0;
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const tick = new Tick(async () => {
      most = Math.max(most, (running += 1));
      await gate;
      running -= 1;
    }, quiet);
    const rounds = [tick.run(), tick.run(), tick.run()];
    release();
    await Promise.all(rounds);
    expect(most).toBe(1);
  });

  it('goes on after a round that failed', async () => {
    let rounds = 0;
    const tick = new Tick(() => {
      rounds += 1;
      return Promise.reject(new Error('no luck'));
    }, quiet);
    await tick.run();
    await tick.run();
    expect(rounds).toBe(2);
  });

  it('waits for the running round when it stops, and starts no other', async () => {
    const done: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const tick = new Tick(async () => {
      await gate;
      done.push('round');
    }, quiet);
    const round = tick.run();
    const stopped = tick.stop().then(() => done.push('stopped'));
    release();
    await Promise.all([round, stopped]);
    await tick.run();
    expect(done).toEqual(['round', 'stopped']);
  });
});
