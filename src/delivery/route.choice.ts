import { type MailRoute } from './mail-routes.js';
import { type PaceState } from './pace.repository.js';

type Known = Pick<PaceState, 'closedForMs' | 'nextSlotInMs'>;
const FREE: Known = { closedForMs: 0, nextSlotInMs: 0 };

/** Shares messages out among the open transports by weight, evenly and not by chance (smooth weighted round robin). */
export class RouteChoice {
  private readonly credit = new Map<MailRoute, number>();

  /** A transport whose next slot is further ahead than this lets the others go first. */
  constructor(
    private readonly routes: readonly MailRoute[],
    private readonly soonMs: number,
  ) {}

  /** Undefined while every transport is closed. Those of weight 0 are chosen only while no other is open. */
  next(states: ReadonlyMap<string, Known>, messages: number): MailRoute | undefined {
    const of = ({ name }: MailRoute) => states.get(name) ?? FREE;
    const open = this.routes.filter((route) => of(route).closedForMs === 0);
    const weighted = open.filter(({ weight }) => weight > 0);
    const able = weighted.length > 0 ? weighted : open;
    const soon = able.filter((route) => of(route).nextSlotInMs <= this.soonMs);
    if (soon.length === 0) return able.toSorted((a, b) => of(a).nextSlotInMs - of(b).nextSlotInMs)[0];
    return this.byWeight(soon, messages);
  }

  private byWeight(routes: readonly MailRoute[], messages: number): MailRoute | undefined {
    const [only, another] = routes;
    if (!another) return only;
    const share = ({ weight }: MailRoute) => Math.max(weight, 1) * messages;
    for (const route of routes) this.credit.set(route, (this.credit.get(route) ?? 0) + share(route));
    const creditOf = (route: MailRoute) => this.credit.get(route) ?? 0;
    const chosen = routes.reduce((best, route) => (creditOf(route) > creditOf(best) ? route : best));
    this.credit.set(chosen, creditOf(chosen) - routes.reduce((sum, route) => sum + share(route), 0));
    return chosen;
  }
}
