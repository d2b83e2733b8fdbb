import { Logger } from '@nestjs/common';
import { Tick } from './tick.js';

const quiet = Object.assign(new Logger(), { error: () => undefined, log: () => undefined });

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

  it('tells of an outage once, and when it is over', async () => {
    const told: string[] = [];
    const tell = (entry: { message: string }) => void told.push(entry.message);
    let works = false;
    const logger = Object.assign(new Logger(), { error: tell, log: tell });
    const tick = new Tick(() => (works ? Promise.resolve() : Promise.reject(new Error('away'))), logger);
    for (let round = 0; round < 5; round += 1) await tick.run();
    works = true;
    for (let round = 0; round < 5; round += 1) await tick.run();
    works = false;
    await tick.run();
    expect(told).toEqual(['tick failed', 'tick works again', 'tick failed']);
  });

  it('does all its parts though one fails, and tells of that one until it works or is no longer there', async () => {
    const told: unknown[] = [];
    const tell = (entry: unknown) => void told.push(entry);
    const logger = Object.assign(new Logger(), { error: tell, log: tell });
    let parts = ['bad', 'good'];
    const done: string[] = [];
    const tick: Tick = new Tick(async () => {
      for (const id of parts) {
        await tick.part({ campaign: id }, () => {
          done.push(id);
          return id === 'bad' ? Promise.reject(new Error('no luck')) : Promise.resolve();
        });
      }
    }, logger);
    await tick.run();
    await tick.run();
    expect(done).toEqual(['bad', 'good', 'bad', 'good']);
    const failure = { message: 'tick failed', campaign: 'bad', error: 'no luck' };
    expect(told).toEqual([failure]);
    parts = ['good'];
    await tick.run();
    parts = ['bad'];
    await tick.run();
    expect(told).toEqual([failure, failure]);
  });
});
