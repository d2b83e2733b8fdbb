import { type Permission, type Principal } from '../access/index.js';
import { type CampaignRow, type CampaignState, type Plan } from '../campaigns/index.js';
import { formatDateTime, LondonTime } from '../shared/london-time.js';
import { countOf } from './pages.js';

/** What the page of a campaign offers. The campaign's service decides again whether it may be done. */
export const CAMPAIGN_ACTIONS = [
  'edit',
  'plan',
  'submit',
  'approve',
  'schedule',
  'release',
  'pause',
  'resume',
  'cancel',
] as const;
export type CampaignAction = (typeof CAMPAIGN_ACTIONS)[number];

const OFFERED: Readonly<Record<CampaignAction, { states: readonly CampaignState[]; permission: Permission }>> = {
  edit: { states: ['draft', 'in-review', 'approved', 'scheduled'], permission: 'campaign:write' },
  plan: { states: ['draft'], permission: 'campaign:write' },
  submit: { states: ['draft'], permission: 'campaign:write' },
  approve: { states: ['in-review'], permission: 'campaign:approve' },
  schedule: { states: ['approved'], permission: 'campaign:operate' },
  release: { states: ['approved', 'scheduled'], permission: 'campaign:operate' },
  pause: { states: ['sending'], permission: 'campaign:operate' },
  resume: { states: ['paused'], permission: 'campaign:operate' },
  cancel: {
    states: ['draft', 'in-review', 'approved', 'scheduled', 'sending', 'paused'],
    permission: 'campaign:operate',
  },
};

/** Which actions to offer this person on this campaign, by name. */
export function actionsFor(
  campaign: CampaignRow,
  plan: Plan | undefined,
  principal: Principal,
): Readonly<Record<CampaignAction, boolean>> {
  const offered = (action: CampaignAction): boolean => {
    const { states, permission } = OFFERED[action];
    if (!states.includes(campaign.state) || !principal.permissions.includes(permission)) return false;
    switch (action) {
      case 'submit':
        return plan !== undefined && plan.summary.recipients > 0;
      case 'approve':
        return campaign.author !== principal.id && plan !== undefined;
      case 'release':
        return campaign.held_back && campaign.released_at === null;
      default:
        return true;
    }
  };
  return Object.fromEntries(CAMPAIGN_ACTIONS.map((action) => [action, offered(action)])) as Record<
    CampaignAction,
    boolean
  >;
}

/** What pressing the button sends: how many e-mails to how many people, and when. */
export function sendingWords(
  { summary }: Plan,
  { held_back: heldBack, released_at: released }: CampaignRow,
  now: Date,
) {
  const what = `${countOf(summary.recipients, 'e-mail', 'e-mails')} to ${countOf(summary.people, 'person', 'people')}`;
  if (heldBack && released === null) return `Schedule ${what}, once released`;
  const [first] = summary.steps;
  const dueAt = first?.dueAt ? new Date(first.dueAt) : now;
  if (dueAt <= now) return `Send ${what} now`;
  const when = `${formatDateTime(LondonTime.fromInstant(dueAt))} (London time)`;
  return summary.steps.length > 1
    ? `Schedule reminders to up to ${countOf(summary.people, 'person', 'people')}, the first at ${when}`
    : `Schedule ${what} at ${when}`;
}
