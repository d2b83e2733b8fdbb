import { WireGate } from './wire.gate.js';

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('WireGate', () => {
  it('lets so many in at once, the others in order, and survives those that fail', async () => {
    const gate = new WireGate(2);
    const inside: number[] = [];
    const leave: (() => void)[] = [];
    const passes = [0, 1, 2, 3].map((i) =>
      gate.pass(async () => {
        inside.push(i);
        await new Promise<void>((done) => (leave[i] = done));
        if (i === 0) throw new Error('failed inside');
        return i;
      }),
    );
    await tick();
    expect(inside).toEqual([0, 1]);
    leave[0]!();
    await expect(passes[0]).rejects.toThrow('failed inside');
    await tick();
    expect(inside).toEqual([0, 1, 2]);
    leave[1]!();
    leave[2]!();
    await tick();
    leave[3]!();
    expect(await Promise.all(passes.slice(1))).toEqual([1, 2, 3]);
  });
});
