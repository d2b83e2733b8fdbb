import { Injectable } from '@nestjs/common';
import { type Permission, type Principal } from '../access/index.js';
import { type CampaignRow, CampaignService, KINDS } from '../campaigns/index.js';
import { BankHolidays, DeadlinesService } from '../deadlines/index.js';
import { Ledger, MessageDesk, type Progress } from '../delivery/index.js';
import { FeedbackService } from '../feedback/index.js';
import { DirectoryPicture, DirectoryPictureRepository } from '../segments/index.js';
import { Clock } from '../shared/clock.js';
import { LondonTime } from '../shared/london-time.js';
import { CascadeReads } from './cascade.reads.js';
import {
  campaignTask,
  type Cutoff,
  failureTasks,
  notMended,
  remindsToo,
  silenceTasks,
  type Task,
  tellsOfNextChance,
} from './attention.rules.js';
import { countOf } from './pages.js';
import { SendingReads } from './sending.reads.js';

const CAMPAIGNS_READ = 200;
const CAMPAIGNS_SHOWN = 10;
const WINDOWS_SHOWN = 3;

/** What needs somebody now, as far as they may see it. */
@Injectable()
export class Attention {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly deadlines: DeadlinesService,
    private readonly bankHolidays: BankHolidays,
    private readonly ledger: Ledger,
    private readonly desk: MessageDesk,
    private readonly feedback: FeedbackService,
    private readonly picture: DirectoryPicture,
    private readonly pictures: DirectoryPictureRepository,
    private readonly sending: SendingReads,
    private readonly cascades: CascadeReads,
    private readonly clock: Clock,
  ) {}

  async of(principal: Principal) {
    const may = (permission: Permission) => principal.permissions.includes(permission);
    const campaigns = may('campaign:read')
      ? await this.campaigns.list({ limit: CAMPAIGNS_READ, ...(principal.region && { region: principal.region }) })
      : [];
    const shown = await Promise.all(
      campaigns.slice(0, CAMPAIGNS_SHOWN).map(async (campaign) => ({
        ...campaign,
        progress: await this.ledger.progress({ campaignId: campaign.id }),
      })),
    );
    const cutoffs = may('window:read') ? await this.cutoffs(principal.region) : [];
    const reports = await this.deadlines.declarationReports();
    const lapsed = await this.lapsed(campaigns);
    const tasks = [
      ...(may('message:read') ? await this.deliveryTasks(principal) : []),
      ...(may('directory:import') ? silenceTasks(reports, cutoffs) : []),
      ...(may('message:read') ? failureTasks(shown, campaigns, this.clock.now()) : []),
      ...(may('message:read') ? await this.templateTasks(shown) : []),
      ...(may('message:read') ? await this.withheldTasks(shown, campaigns) : []),
      ...(may('cascade:operate') ? await this.cascadeTasks(principal) : []),
      ...campaigns.flatMap((campaign) => campaignTask(campaign, lapsed.has(campaign.id), principal)),
      ...(may('campaign:write') && !principal.region ? await this.missedTasks(campaigns) : []),
      ...(may('campaign:write') && !principal.region ? await this.newcomerTasks(campaigns) : []),
    ];
    return {
      tasks: tasks.sort((a, b) => Number(b.urgent) - Number(a.urgent)),
      cutoffs,
      reports,
      risk: may('directory:read') ? await this.practicesAtRisk(principal.region) : undefined,
      campaigns: shown,
    };
  }

  private async deliveryTasks(principal: Principal): Promise<Task[]> {
    const tasks: Task[] = [];
    for (const { closedUntil, closedReason } of await this.sending.transports()) {
      if (closedUntil === null) continue;
      tasks.push({ text: `Sending is held up: ${closedReason ?? 'no reason given'}`, href: '/delivery', urgent: true });
    }
    const unknown = await this.desk.unknownCount(principal);
    if (unknown > 0)
      tasks.push({
        text: countOf(
          unknown,
          'message may or may not have arrived: decide about it',
          'messages may or may not have arrived: decide about them',
        ),
        href: '/delivery/unknown',
        urgent: true,
      });
    // They may be about anybody: whoever is confined to a region cannot open them.
    const bounces = principal.region === undefined ? (await this.feedback.inReview(undefined, 100)).length : 0;
    if (bounces > 0)
      tasks.push({
        text: countOf(bounces, 'returned message waits for review', 'returned messages wait for review'),
        href: '/delivery/returned',
        urgent: false,
      });
    return tasks;
  }

  /** After an upgrade in the middle of a campaign. */
  private async templateTasks(shown: readonly (CampaignRow & { progress: Progress })[]): Promise<Task[]> {
    const stuck = shown.filter(({ progress: { states } }) => states.deferred > 0);
    const waiting = await this.sending.waitingForTemplate(stuck.map(({ id }) => id));
    return stuck.flatMap(({ id, name }) => {
      const messages = waiting.get(id);
      if (messages === undefined) return [];
      const what = countOf(messages, 'message does', 'messages do');
      const text = `${name}: ${what} not leave, as the template has changed since it was approved`;
      return [{ text, href: `/campaigns/${id}/messages?state=deferred`, urgent: true }];
    });
  }

  /** People who were told nothing, as what was approved is not true of them any more. */
  private async withheldTasks(
    shown: readonly (CampaignRow & { progress: Progress })[],
    campaigns: readonly CampaignRow[],
  ): Promise<Task[]> {
    const recent = notMended(shown, campaigns, this.clock.now());
    const withheld = await this.sending.withheld(recent.map(({ id }) => id));
    return recent.flatMap(({ id, name, state }) => {
      const messages = withheld.get(id);
      if (messages === undefined || state === 'cancelled') return [];
      const what = countOf(messages, 'email was', 'emails were');
      const text = `${name}: ${what} not sent, as the directory says something else of these people since its approval`;
      return [{ text, href: `/campaigns/${id}/messages?state=cancelled`, urgent: true }];
    });
  }

  /** Ids of those that somebody had approved: they do not leave at their time, and no author need know. */
  private async lapsed(campaigns: readonly CampaignRow[]): Promise<ReadonlySet<string>> {
    const drafts = campaigns.filter(({ state, kind }) => state === 'draft' && kind !== 'correction');
    const lapsed = await this.sending.lapsedApprovals(drafts.map(({ id }) => id));
    if (lapsed.size === 0) return lapsed;
    const open = new Set((await this.deadlines.openWindows()).map(({ id }) => id));
    return new Set(
      drafts.filter(({ id, window_id: window }) => lapsed.has(id) && open.has(window)).map(({ id }) => id),
    );
  }

  /** Between a cutoff and the next chance, whoever missed the one is told of the other. */
  private async missedTasks(campaigns: readonly CampaignRow[]): Promise<Task[]> {
    const now = this.clock.now();
    const told = new Set(campaigns.flatMap((one) => (tellsOfNextChance(one) ? [one.window_id] : [])));
    const missed = (await this.deadlines.windows()).filter(
      ({ id, cutoff, reopening }) => cutoff.toInstant() <= now && now < reopening.toInstant() && !told.has(id),
    );
    const waiting = await Promise.all(missed.map(({ id }) => this.deadlines.waiting(id)));
    return missed.flatMap(({ id, name }, i) => {
      if (!waiting[i] || waiting[i].practices + waiting[i].commissioners === 0) return [];
      const text = `${name}: its cutoff has passed, and payments still wait. Tell whoever missed it when the next chance is`;
      return [{ text, href: `/campaigns/new?kind=after-cutoff&windowId=${id}`, urgent: true }];
    });
  }

  /** Whoever may act on a payment, and came after the reminders were approved, gets none of them. */
  private async newcomerTasks(campaigns: readonly CampaignRow[]): Promise<Task[]> {
    const now = this.clock.now();
    const running = campaigns.filter(({ kind, state }) => KINDS[kind].schedule === 'ladder' && state !== 'cancelled');
    const newcomers = await this.sending.newcomers(running.map(({ id }) => id));
    const coming = new Set(
      (await this.deadlines.openWindows()).flatMap(({ id, cutoff }) => (cutoff.toInstant() > now ? [id] : [])),
    );
    return running.flatMap((ladder) => {
      const { id, name, kind, window_id: windowId } = ladder;
      const left = newcomers.get(id);
      if (!left || !coming.has(windowId) || running.some((other) => remindsToo(other, ladder, left))) return [];
      const who = countOf(left.people, 'person who may act came', 'people who may act came');
      const answers = { kind, windowId, everybody: 'no', codes: left.organisations.join(' ') };
      return [
        {
          text: `${name}: ${who} after its approval and got no reminder. Draft one for their organisations`,
          href: `/campaigns/new?${new URLSearchParams(answers).toString()}`,
          urgent: true,
        },
      ];
    });
  }

  private async cascadeTasks({ region }: Principal): Promise<Task[]> {
    return (await this.cascades.overdue(this.clock.now(), region)).map(({ id, name, lateSteps }) => ({
      text: `${name}: ${countOf(lateSteps, 'region or commissioner has', 'regions and commissioners have')} not answered in time`,
      href: `/cascades/${id}#silent`,
      urgent: true,
    }));
  }

  private async cutoffs(region: string | undefined): Promise<Cutoff[]> {
    const now = this.clock.now();
    const today = LondonTime.fromInstant(now).date;
    const windows = (await this.deadlines.openWindows()).slice(0, WINDOWS_SHOWN);
    return Promise.all(
      windows.map(async (window) => {
        const waiting = await this.deadlines.waiting(window.id, region);
        return {
          id: window.id,
          name: window.name,
          cutoff: window.cutoff,
          workingDays: this.bankHolidays.calendar.workingDaysBetween(today, window.cutoff.date),
          isToday: window.cutoff.date === today,
          practicesWaiting: waiting.practices,
          commissionersWaiting: waiting.commissioners,
        };
      }),
    );
  }

  private async practicesAtRisk(region: string | undefined) {
    const standing = await this.picture.standing();
    return { standing, ...(await this.pictures.risk(region)) };
  }
}
