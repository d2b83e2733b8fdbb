import { type Permission, type Principal } from '../access/index.js';
import { type CampaignRow, type Plan, TRANSITIONS, wrote } from '../campaigns/index.js';
import { formatDateTime, LondonTime } from '../shared/london-time.js';
import { countOf } from './pages.js';

/** What the page of a campaign offers, by `TRANSITIONS`. The campaign's service decides again whether it may be done. */
const OFFERED = ['edit', 'plan', 'submit', 'approve', 'schedule', 'release', 'pause', 'resume', 'cancel'] as const;
type Offered = (typeof OFFERED)[number];

/** A plan is made where and by whom a campaign can be submitted. */
const transitionOf = (action: Offered | 'send-back') => TRANSITIONS[action === 'plan' ? 'submit' : action];

export const permissionOf = (action: Offered | 'send-back'): Permission => transitionOf(action).permission;

/** Which actions to offer this person on this campaign, by name. */
export function actionsFor(
  campaign: CampaignRow,
  plan: Plan | undefined,
  principal: Principal,
): Readonly<Record<Offered, boolean>> {
  const offered = (action: Offered): boolean => {
    const { from, permission } = transitionOf(action);
    if (!from.includes(campaign.state) || !principal.permissions.includes(permission)) return false;
    switch (action) {
      case 'submit':
        return plan !== undefined && plan.summary.recipients > 0;
      case 'approve':
        return !wrote(principal, campaign) && plan !== undefined;
      case 'release':
        return campaign.held_back && campaign.released_at === null;
      default:
        return true;
    }
  };
  return Object.fromEntries(OFFERED.map((action) => [action, offered(action)])) as Record<Offered, boolean>;
}

/** What pressing the button sends: how many emails to how many people, and when. */
export function sendingWords(
  { summary }: Plan,
  { held_back: heldBack, released_at: released }: CampaignRow,
  now: Date,
) {
  const what = `${countOf(summary.recipients, 'email', 'emails')} to ${countOf(summary.people, 'person', 'people')}`;
  if (heldBack && released === null) return `Schedule ${what}, once released`;
  const [first] = summary.steps;
  const dueAt = first?.dueAt ? new Date(first.dueAt) : now;
  if (dueAt <= now) return `Send ${what} now`;
  const when = `${formatDateTime(LondonTime.fromInstant(dueAt))} (London time)`;
  return summary.steps.length > 1
    ? `Schedule reminders to up to ${countOf(summary.people, 'person', 'people')}, the first at ${when}`
    : `Schedule ${what} at ${when}`;
}
