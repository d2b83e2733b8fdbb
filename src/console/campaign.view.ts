import { Injectable } from '@nestjs/common';
import { type AuditEntry, AuditTrail, type Principal } from '../access/index.js';
import {
  type CampaignRow,
  CampaignService,
  KINDS,
  type Plan,
  PlanService,
  TOLD_STATES,
  wrote,
} from '../campaigns/index.js';
import { DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { Ledger, MESSAGE_STATES, type Progress } from '../delivery/index.js';
import { Clock } from '../shared/clock.js';
import { groupBy } from '../shared/group-by.js';
import { actionsFor, amountWords, sendingWords } from './campaign.actions.js';
import { returnedIn } from './campaign.returns.js';
import { CascadeReads } from './cascade.reads.js';
import { type Chart, lineChart } from './chart.js';
import { CorrectionView } from './correction.view.js';
import { DirectoryReads } from './directory.reads.js';
import { type MinuteCount, SendingReads } from './sending.reads.js';
import { buckets, coverage, rateNow } from './sending.rates.js';
import { countOf } from './pages.js';
import { actorWords, stepWords } from './words.js';

const HISTORY_SHOWN = 50;

/** What happened to a campaign, in the words of its page. */
const HISTORY_WORDS: Readonly<Record<string, string>> = {
  'campaign.created': 'Drafted',
  'campaign.edit': 'Changed: it is a draft again',
  'campaign.submit': 'Submitted for approval',
  'campaign.approve': 'Approved',
  'campaign.send-back': 'Sent back',
  'campaign.void-approval': 'Approval lapsed',
  'campaign.schedule': 'Scheduled',
  'campaign.release': 'Released',
  'campaign.launch': 'Sending began',
  'campaign.pause': 'Paused',
  'campaign.resume': 'Resumed',
  'campaign.finish': 'Finished',
  'campaign.cancel': 'Cancelled',
  'campaign.step-dispatched': 'Step handed to sending',
  'campaign.step-skipped': 'Step left out',
  'campaign.withheld': 'Not sent to people of whom the directory says something else since the approval',
  'campaign.test-sent': 'Test sent',
};

/** Puts together what the page of one campaign shows. */
@Injectable()
export class CampaignView {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly plans: PlanService,
    private readonly deadlines: DeadlinesService,
    private readonly ledger: Ledger,
    private readonly sending: SendingReads,
    private readonly directory: DirectoryReads,
    private readonly cascades: CascadeReads,
    private readonly corrections: CorrectionView,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async of(id: string, principal: Principal) {
    const campaign = await this.campaigns.visible(id, principal);
    const plan = await this.plans.latest(campaign);
    const history = await this.history(campaign);
    const window = await this.deadlines.window(campaign.window_id);
    const live = await this.live(campaign);
    return {
      window,
      correction: campaign.kind === 'correction' ? await this.corrections.of(window) : undefined,
      steps: await this.campaigns.steps(id),
      plan,
      planParts: plan && (await this.planParts(plan)),
      actions: actionsFor(campaign, plan, principal),
      amount: plan && amountWords(plan, campaign),
      sending: plan && sendingWords(plan, campaign, this.clock.now()),
      isWriter: wrote(principal, campaign),
      audience: await this.audienceWords(campaign),
      remainder: await this.remainderParts(campaign, live.progress, principal),
      copyTo: principal.permissions.includes('campaign:write') ? await this.windowsFor(campaign) : [],
      hasCascade: campaign.kind === 'cascade-request' && (await this.cascades.exists(id)),
      history,
      returned: campaign.state === 'draft' ? returnedIn(history) : undefined,
      ...live,
    };
  }

  /** The part that changes while a campaign is being sent. */
  async live(campaign: CampaignRow) {
    const progress = await this.ledger.progress({ campaignId: campaign.id });
    const minutes = progress.planned === 0 ? [] : await this.sending.minutesOf(campaign.id);
    const left = progress.planned - progress.terminal - progress.states.unknown;
    const perMinute = campaign.state === 'sending' ? rateNow(minutes, this.clock.now()) : 0;
    return {
      campaign,
      progress,
      states: MESSAGE_STATES.filter((state) => progress.states[state] > 0),
      perMinute,
      minutesLeft: perMinute > 0 && left > 0 ? Math.ceil(left / perMinute) : undefined,
      charts: chartsOf(minutes),
    };
  }

  /** Breakdowns of a plan with the names that people know. */
  private async planParts({ summary }: Plan) {
    const names = await this.directory.names(Object.keys(summary.byRegion));
    return {
      regions: Object.entries(summary.byRegion)
        .map(([code, emails]) => ({ code, name: names.get(code) ?? 'Region not known', emails }))
        .sort((a, b) => b.emails - a.emails),
      exclusions: Object.entries(summary.exclusions).sort(([, a], [, b]) => b - a),
      segments: Object.entries(summary.bySegment).sort(([, a], [, b]) => b - a),
      missing: Object.entries(summary.missing),
      before: sentBefore(summary.duplicates),
    };
  }

  /** Other windows to come, that have what a campaign of the kind tells. */
  private async windowsFor({ kind, window_id: windowId }: CampaignRow): Promise<DeclarationWindow[]> {
    const { needsSignInChange } = KINDS[kind];
    const windows = await this.deadlines.openWindows();
    return windows.filter(({ id, signInChange }) => id !== windowId && (signInChange !== null || !needsSignInChange));
  }

  /** Whom it did not reach, and the campaigns that were drafted for them; of one for a remainder, what that is of. */
  private async remainderParts(campaign: CampaignRow, { planned, states }: Progress, principal: Principal) {
    const unreached = planned - TOLD_STATES.reduce((sum, state) => sum + states[state], 0);
    const mayDraft =
      principal.permissions.includes('campaign:write') &&
      (await this.campaigns.objectionToRemainder(campaign)) === undefined;
    return {
      of: campaign.remainder_of === null ? undefined : await this.campaigns.get(campaign.remainder_of),
      drafted: await this.campaigns.remaindersOf(campaign.id),
      mayDraft,
      unreached,
    };
  }

  private async audienceWords({ kind, audience }: CampaignRow): Promise<string> {
    const codes = [...audience.regions, ...audience.commissioners, ...audience.organisations];
    const names = await this.directory.names(codes.slice(0, 10));
    const first = codes.slice(0, 10).map((code) => names.get(code) ?? code);
    const all = kind === 'correction' ? 'Everybody who was told the old dates' : 'Everybody in England';
    const who = codes.length === 0 ? all : first.join(', ');
    const more = codes.length > first.length ? ` and ${codes.length - first.length} more` : '';
    const reach = audience.reach === 'nhsmail-only' ? ', at registered NHSmail addresses only' : '';
    return `${who}${more}${reach}`;
  }

  private async history({ id }: CampaignRow) {
    const entries = await this.audit.entries({ subject: `campaign:${id}`, limit: HISTORY_SHOWN });
    const names = await this.sending.actorNames(entries.map(({ actor }) => actor));
    return entries.map((entry) => ({
      at: entry.at,
      who: names.get(entry.actor) ?? actorWords(entry.actor),
      action: entry.action,
      what: HISTORY_WORDS[entry.action] ?? entry.action,
      note: noteOf(entry),
    }));
  }
}

/** Emails by campaign: the plan counts them by template too, of which a campaign has one for each group. */
function sentBefore(duplicates: Plan['summary']['duplicates']) {
  const campaigns = groupBy(duplicates, ({ campaign }) => campaign);
  return [...campaigns].map(([campaign, sent]) => ({
    campaign,
    emails: sent.reduce((sum, { people }) => sum + people, 0),
    lastSentAt: sent
      .map((each) => each.lastSentAt)
      .sort()
      .at(-1),
  }));
}

function noteOf({ details }: AuditEntry): string {
  const { comment, reason, note, messages, step, newcomers } = details;
  const parts = [typeof step === 'string' ? stepWords(step) : '', comment, reason, note].filter(
    (part): part is string => typeof part === 'string' && part !== '',
  );
  if (typeof messages === 'number') parts.push(`${messages.toLocaleString('en-GB')} messages`);
  if (typeof newcomers === 'number')
    parts.push(`none to ${countOf(newcomers, 'person who came', 'people who came')} after the approval`);
  return parts.join(': ');
}

function chartsOf(minutes: readonly MinuteCount[]): Chart[] {
  const charts = [
    lineChart('People reached over time (London time)', 'Sent in all', coverage(buckets(minutes))),
    lineChart('Sent in each step of time (London time)', 'Sent', buckets(minutes)),
  ];
  return charts.filter((chart) => chart !== undefined);
}
