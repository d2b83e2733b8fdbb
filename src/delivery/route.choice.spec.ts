import fc from 'fast-check';
import { type MailRoute } from './mail-routes.js';
import { RouteChoice } from './route.choice.js';

const route = (name: string, weight: number): MailRoute => ({
  name,
  weight,
  limits: { ratePerMinute: null, dayBudget: null },
  transport: {
    ...{ name, concurrency: 1 },
    send: () => Promise.resolve({ kind: 'accepted', code: 250, response: '' }),
    close: () => Promise.resolve(),
  },
});
const known = (closedForMs: number, nextSlotInMs = 0) => ({ closedForMs, nextSlotInMs });

describe('the choice of a transport', () => {
  it('shares messages out by weight, whatever the sizes of the batches', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 300, maxLength: 300 }),
        (weights, batches) => {
          const routes = weights.map((weight, i) => route(`t${i}`, weight));
          const choice = new RouteChoice(routes, 250);
          const sent = new Map<string, number>();
          for (const size of batches) {
            const { name } = choice.next(new Map(), size)!;
            sent.set(name, (sent.get(name) ?? 0) + size);
          }
          const total = batches.reduce((sum, size) => sum + size, 0);
          const all = weights.reduce((sum, weight) => sum + weight, 0);
          for (const { name, weight } of routes) {
            // Nobody is ever more than a few batches away from its share.
            expect(Math.abs((sent.get(name) ?? 0) - (total * weight) / all)).toBeLessThanOrEqual(40 * routes.length);
          }
        },
      ),
    );
  });

  it('leaves out what is closed, and takes what stands by only then', () => {
    const choice = new RouteChoice([route('a', 3), route('b', 1), route('spare', 0)], 250);
    const chosen = (states: Record<string, ReturnType<typeof known>>) =>
      new Set(Array.from({ length: 8 }, () => choice.next(new Map(Object.entries(states)), 1)?.name));
    expect(chosen({})).toEqual(new Set(['a', 'b']));
    expect(chosen({ a: known(900) })).toEqual(new Set(['b']));
    expect(chosen({ a: known(900), b: known(10) })).toEqual(new Set(['spare']));
    expect(chosen({ a: known(900), b: known(10), spare: known(1) })).toEqual(new Set([undefined]));
  });

  it('lets a slow transport hold nobody up while another may send now', () => {
    const choice = new RouteChoice([route('exchange', 9), route('relay', 1)], 250);
    const states = new Map([['exchange', known(0, 1_800)]]);
    expect(choice.next(states, 1)?.name).toBe('relay');
    states.set('relay', known(0, 4_000));
    expect(choice.next(states, 1)?.name).toBe('exchange');
  });
});
