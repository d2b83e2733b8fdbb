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

/**
 * What a plan comes to: how many emails to how many people. Of reminders it is known only when each leaves: they go to
 * whoever still holds a payment up by then.
 */
export function amountWords({ summary }: Plan, { kind }: Pick<CampaignRow, 'kind'>): string {
  const people = countOf(summary.people, 'person', 'people');
  return kind === 'payment-reminder'
    ? `reminders to up to ${people}`
    : `${countOf(summary.recipients, 'email', 'emails')} to ${people}`;
}

/** What pressing the button sends, and when. */
export function sendingWords(plan: Plan, campaign: CampaignRow, now: Date): string {
  const what = amountWords(plan, campaign);
  if (campaign.held_back && campaign.released_at === null) return `Schedule ${what}, once released`;
  const { steps } = plan.summary;
  const first = steps[0]?.dueAt;
  const dueAt = first ? new Date(first) : now;
  const ladder = campaign.kind === 'payment-reminder';
  if (dueAt <= now) return ladder ? `Send ${what}, the first now` : `Send ${what} now`;
  const when = `at ${formatDateTime(LondonTime.fromInstant(dueAt))} (London time)`;
  return ladder ? `Schedule ${what}, the first ${when}` : `Schedule ${what} ${when}`;
}
