import { WireGate } from './wire.gate.js';

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('WireGate', () => {
  it('lets so many in at once, the others in order, and survives those that fail', async () => {
    const gate = new WireGate(2);
    const inside: number[] = [];
    const leave: (() => void)[] = [];
    const passes = [0, 1, 2, 3].map((i) =>
      gate.pass('testa.sample@nhs.net', async () => {
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

  it('lets so many at once to a domain, and others pass who would only wait for that domain', async () => {
    const gate = new WireGate(
      10,
      new Map([
        ['nhs.net', 2],
        ['*', 1],
      ]),
    );
    const inside = new Set<string>();
    const leave = new Map<string, () => void>();
    const passes = ['a@nhs.net', 'b@NHS.NET', 'c@nhs.net', 'd@example.test', 'e@example.test', 'f@example.com'].map(
      (address) =>
        gate.pass(address, async () => {
          inside.add(address);
          await new Promise<void>((done) => leave.set(address, done));
          inside.delete(address);
        }),
    );
    await tick();
    expect([...inside]).toEqual(['a@nhs.net', 'b@NHS.NET', 'd@example.test', 'f@example.com']);
    leave.get('b@NHS.NET')!();
    await tick();
    expect([...inside]).toEqual(['a@nhs.net', 'd@example.test', 'f@example.com', 'c@nhs.net']);
    for (const address of ['a@nhs.net', 'c@nhs.net', 'd@example.test', 'f@example.com']) leave.get(address)!();
    await tick();
    leave.get('e@example.test')!();
    await Promise.all(passes);
    expect(inside.size).toBe(0);
  });
});
