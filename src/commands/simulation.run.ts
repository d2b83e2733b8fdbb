import { setTimeout as delay } from 'node:timers/promises';
import { type INestApplicationContext } from '@nestjs/common';
import { CampaignService, CampaignTicker, CorrectionTicker } from '../campaigns/index.js';
import {
  BankHolidays,
  DeadlinesService,
  DeclarationFeed,
  type DeclarationWindow,
  type OrganisationBlockers,
} from '../deadlines/index.js';
import { Reconciler } from '../delivery/index.js';
import { type FixedClock } from '../shared/clock.js';
import { LondonTime } from '../shared/london-time.js';
import { prepareCampaigns } from './simulation.campaigns.js';
import { SIMULATED } from './invented.people.js';
import { type SimulationRepository } from './simulation.repository.js';
import { type Deed, isWithinShare, type Scenario, statusAfter } from './simulation.scenario.js';
import { type SimulatedTransport } from './simulation.transport.js';

/** Second attempts that fall within a minute are made together, at the end of it. */
const MINUTE = 60_000;
const HOUR = 3_600_000;
const SHORTEST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 400;
/** How long nothing at all may move, in reality. */
const PATIENCE_MS = 120_000;

interface Event {
  readonly at: Date;
  readonly happen: () => Promise<void>;
}

export interface RunResult {
  readonly notes: readonly string[];
  /** Whoever held a payment up at the cutoff. */
  readonly missed: readonly OrganisationBlockers[];
  /** How many emails waited for the mail server, by the instant at which that was seen. */
  readonly waits: readonly { readonly at: Date; readonly messages: number }[];
  readonly deeds: readonly { readonly at: Date; readonly deed: Deed; readonly declarations: number }[];
}

/** Leads the service's own parts through a window, from one instant at which something happens to the next. */
export class SimulationRun {
  private readonly events: Event[] = [];
  private readonly waits: { at: Date; messages: number }[] = [];
  private readonly deeds: { at: Date; deed: Deed; declarations: number }[] = [];
  private missed: readonly OrganisationBlockers[] = [];
  private reminded = false;

  constructor(
    private readonly app: INestApplicationContext,
    private readonly clock: FixedClock,
    private readonly window: DeclarationWindow,
    private readonly scenario: Scenario,
    private readonly transport: SimulatedTransport,
    private readonly repository: SimulationRepository,
  ) {}

  async run(): Promise<RunResult> {
    const start = this.clock.now();
    const end = this.window.pcse.toInstant();
    const unheard = await this.assumeNotDeclared();
    const { ids, releases, notes } = await prepareCampaigns(this.app, this.window, start);
    for (const { campaignId, at } of releases) {
      this.plan(at, async () => {
        await this.app.get(CampaignService).release(campaignId, SIMULATED.operator);
      });
    }
    this.plan(this.window.cutoff.toInstant(), async () => {
      this.missed = await this.app.get(DeadlinesService).blockers(this.window.id);
    });
    if (this.scenario.down) this.plan(this.scenario.down.until, () => Promise.resolve());
    for (;;) {
      const now = this.clock.now();
      await this.happenDue();
      await this.settle();
      await this.afterReminder(ids);
      // With a rate the sending itself takes time: what came due meanwhile comes first.
      if (this.clock.now() > now) continue;
      const next = await this.next(now);
      if (next === undefined || next > end) break;
      this.clock.moveTo(next);
    }
    if (this.clock.now() < end) this.clock.moveTo(end);
    await this.settle();
    return {
      missed: this.missed,
      waits: this.waits,
      deeds: this.deeds,
      notes: [
        ...notes,
        ...(unheard > 0 ? [`${unheard} practices of which no feed has said anything count as not declared`] : []),
      ],
    };
  }

  private plan(at: Date, happen: () => Promise<void>): void {
    this.events.push({ at, happen });
    this.events.sort((a, b) => a.at.getTime() - b.at.getTime());
  }

  private async happenDue(): Promise<void> {
    while (this.events[0] && this.events[0].at <= this.clock.now()) await this.events.shift()?.happen();
  }

  private async next(now: Date): Promise<Date | undefined> {
    const due = await this.repository.nextDue(now);
    const planned = this.events[0]?.at;
    if (!due) return planned;
    if (planned && planned <= due) return planned;
    const together = new Date(Math.ceil(due.getTime() / MINUTE) * MINUTE);
    return planned && planned < together ? planned : together;
  }

  /** Lets everything that is due at this instant happen, to its end, or as far as the mail server allows. */
  async settle(): Promise<void> {
    await this.app.get(CorrectionTicker).run();
    await this.app.get(CampaignTicker).run();
    let last = '';
    let movedAt = performance.now();
    // Looking costs the database as much as sending does, so it looks less and less often.
    for (let wait = SHORTEST_WAIT_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
      await this.app.get(Reconciler).reconcile();
      const now = this.clock.now();
      const { leased, due, over } = await this.repository.pending(now);
      if (leased === 0 && over === 0 && (due === 0 || this.transport.isDown(now))) break;
      const stand = [leased, due, over, this.transport.asked].join(' ');
      if (stand !== last) movedAt = performance.now();
      else if (performance.now() - movedAt > PATIENCE_MS) throw new Error(`${due} slices do not come to their end`);
      last = stand;
      await delay(wait);
    }
    const now = this.clock.now();
    const messages = await this.repository.waiting(now);
    if (messages > 0) this.waits.push({ at: now, messages });
    await this.app.get(CampaignTicker).run();
  }

  /** Practices that CQRS has said nothing about would be reminded of nothing: a simulation is made before it does. */
  private async assumeNotDeclared(): Promise<number> {
    const practices = await this.app.get(DeadlinesService).practicesWithoutStatus(this.window.id);
    const { service, period, name } = this.window;
    const rows = practices.map((organisationCode) => ({
      organisationCode,
      service: service ?? 'Payment declaration',
      period: period ?? name,
      declarationRequired: true,
      approvalRequired: true,
      status: 'not-declared',
      updatedAt: this.clock.now().toISOString(),
    }));
    await this.app.get(DeclarationFeed).applyDeclarations(rows, SIMULATED.operator.id);
    return rows.length;
  }

  /** Once the first reminder is out: the practices declare two hours later, their commissioners act the day after. */
  private async afterReminder(campaignIds: readonly string[]): Promise<void> {
    if (this.reminded || this.scenario.actShare === 0 || !(await this.hasReminded(campaignIds))) return;
    this.reminded = true;
    const now = this.clock.now();
    const nextDay = this.app.get(BankHolidays).calendar.addWorkingDays(LondonTime.fromInstant(now).date, 1);
    this.plan(new Date(now.getTime() + 2 * HOUR), () => this.act('declare'));
    this.plan(LondonTime.at(nextDay, '10:00').toInstant(), () => this.act('approve'));
    this.plan(LondonTime.at(nextDay, '14:00').toInstant(), () => this.act('financially-approve'));
  }

  private async hasReminded(campaignIds: readonly string[]): Promise<boolean> {
    const service = this.app.get(CampaignService);
    for (const id of campaignIds) {
      if ((await service.get(id)).kind !== 'payment-reminder') continue;
      if ((await service.steps(id)).some(({ state }) => state === 'dispatched')) return true;
    }
    return false;
  }

  private async act(deed: Deed): Promise<void> {
    const at = this.clock.now();
    const rows = (await this.repository.blocking(this.window)).flatMap((declaration) => {
      const status = statusAfter(deed, declaration);
      if (status === undefined || !isWithinShare(declaration.organisationCode, this.scenario.actShare)) return [];
      return [{ ...declaration, status, updatedAt: at.toISOString() }];
    });
    await this.app.get(DeclarationFeed).applyDeclarations(rows, SIMULATED.operator.id);
    this.deeds.push({ at, deed, declarations: rows.length });
  }
}
