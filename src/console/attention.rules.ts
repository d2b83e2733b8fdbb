import { type Permission, type Principal } from '../access/index.js';
import { type CampaignRow, type CampaignState, wrote } from '../campaigns/index.js';
import { type DeclarationReports } from '../deadlines/index.js';
import { type Progress } from '../delivery/index.js';
import { type LondonTime } from '../shared/london-time.js';
import { countOf, inLondon } from './pages.js';
import { type Newcomers } from './sending.reads.js';

/** Working days before a cutoff, when most reminders leave. */
const SOON = 10;
/** Milliseconds for which a campaign that failed waits for somebody. */
const FAILURE_SHOWN = 7 * 86_400_000;

/** One thing that somebody has to do, with where to do it. */
export interface Task {
  readonly text: string;
  readonly href: string;
  readonly urgent: boolean;
}

/** A cutoff that is coming, and who still holds payments up. */
export interface Cutoff {
  readonly id: string;
  readonly name: string;
  readonly cutoff: LondonTime;
  readonly workingDays: number;
  readonly isToday: boolean;
  readonly practicesWaiting: number;
  readonly commissionersWaiting: number;
}

export const tellsOfNextChance = ({ kind, state }: CampaignRow): boolean =>
  kind === 'after-cutoff' && state !== 'cancelled';

/** Reminders leave by themselves: if nobody notices, they go to people who have long done what is asked. */
export function silenceTasks({ heardAt, areSilent }: DeclarationReports, cutoffs: readonly Cutoff[]): Task[] {
  const next = cutoffs.find(({ workingDays }) => workingDays <= SOON);
  if (!areSilent || !next) return [];
  const since = heardAt === null ? 'has come yet' : `has come since ${inLondon(heardAt)}`;
  const text = `No declaration status ${since}, and reminders before the cutoff of ${next.name} go by it`;
  return [{ text, href: '/imports', urgent: true }];
}

/** Those of late that nobody has drafted anew for whoever they did not reach. */
export function notMended<C extends CampaignRow>(
  shown: readonly C[],
  campaigns: readonly CampaignRow[],
  now: Date,
): C[] {
  const mended = new Set(campaigns.map(({ remainder_of: of }) => of));
  return shown.filter(
    ({ id, updated_at: since }) => !mended.has(id) && now.getTime() - since.getTime() < FAILURE_SHOWN,
  );
}

/** Whether reminders that were drafted after others are for the organisations of those who came too late for these. */
export function remindsToo(later: CampaignRow, ladder: CampaignRow, { organisations }: Newcomers): boolean {
  const { audience } = later;
  const named: readonly string[] = [...audience.organisations, ...audience.commissioners];
  const forAll = named.length + audience.regions.length === 0;
  return (
    later.window_id === ladder.window_id &&
    later.created_at > ladder.created_at &&
    (forAll || organisations.every((code) => named.includes(code)))
  );
}

/** Where most messages fail it is no matter of single addresses: a relay that refuses them all, for instance. */
export function failureTasks(
  shown: readonly (CampaignRow & { progress: Progress })[],
  campaigns: readonly CampaignRow[],
  now: Date,
): Task[] {
  return notMended(shown, campaigns, now)
    .filter(({ progress: { states, planned } }) => states.failed > planned / 2)
    .map(({ id, name, progress: { states, planned } }) => ({
      text: `${name}: ${states.failed.toLocaleString('en-GB')} of ${countOf(planned, 'message', 'messages')} failed`,
      href: `/campaigns/${id}/messages?state=failed`,
      urgent: true,
    }));
}

/** What each state asks of whom; states that go on by themselves ask nothing. */
const NEXT: Readonly<Partial<Record<CampaignState, { permission: Permission; text: string; urgent: boolean }>>> = {
  'in-review': { permission: 'campaign:approve', text: 'waits for your approval', urgent: true },
  approved: { permission: 'campaign:operate', text: 'is approved and waits to be scheduled', urgent: false },
  paused: { permission: 'campaign:operate', text: 'is paused', urgent: true },
  draft: { permission: 'campaign:write', text: 'is a draft', urgent: false },
};

/** People hold wrong dates to be true until it leaves, and it has no author but the service: it waits for anybody. */
const CORRECTION = { permission: 'campaign:write', text: 'waits to be planned and submitted', urgent: true } as const;

/** Its time may come and go: it leaves when somebody says so, and not before. */
const HELD_BACK = {
  permission: 'campaign:operate',
  text: 'is held back until somebody releases it',
  urgent: false,
} as const;

/** It was to leave and does not, which nobody decided: without somebody who notices, a cutoff passes without reminders. */
const LAPSED = {
  permission: 'campaign:write',
  text: 'does not leave: its approval lapsed. Check its plan and submit it again',
  urgent: true,
} as const;

export function campaignTask(campaign: CampaignRow, lapsed: boolean, principal: Principal): Task[] {
  const { id, name, kind, state, author } = campaign;
  const isCorrection = kind === 'correction' && state === 'draft';
  const isHeldBack = state === 'scheduled' && campaign.held_back && campaign.released_at === null;
  const next = lapsed ? LAPSED : isCorrection ? CORRECTION : isHeldBack ? HELD_BACK : NEXT[state];
  if (!next || !principal.permissions.includes(next.permission)) return [];
  if (state === 'in-review' && wrote(principal, campaign)) return [];
  if (state === 'draft' && !isCorrection && !lapsed && author !== principal.id) return [];
  return [{ text: `${name} ${next.text}`, href: `/campaigns/${id}`, urgent: next.urgent }];
}
