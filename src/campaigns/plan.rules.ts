import { createHash } from 'node:crypto';
import { type MessageValues } from '../rendering/index.js';
import { canonicalJson } from '../shared/canonical-json.js';
import { type CampaignKind } from './campaign.kinds.js';
import { type CampaignAudience, type CampaignOptions } from './campaign.schema.js';
import { type PlannedRecipient } from './recipient.types.js';

export interface PlanStep {
  readonly id: string;
  readonly label: string;
  /** ISO instant; null is at once when scheduled. */
  readonly dueAt: string | null;
  readonly expiresAt: string | null;
}

export interface PlanDiff {
  readonly since: string | null;
  readonly joined: number;
  readonly left: number;
  readonly changed: number;
}

interface CampaignContent {
  readonly kind: CampaignKind;
  readonly window_id: string;
  readonly audience: CampaignAudience;
  readonly options: CampaignOptions;
}

export interface Contradiction {
  readonly campaign: string;
  /** What this plan has for the people, and what the other campaign has. */
  readonly template: string;
  readonly otherTemplate: string;
  readonly people: number;
}

/** For people who read why a campaign was refused. */
export function contradictionsInWords(contradictions: readonly Contradiction[]): string {
  return contradictions
    .map(
      ({ campaign, template, otherTemplate, people }) =>
        `${people} people get ${template} here and ${otherTemplate} in "${campaign}"`,
    )
    .join('; ');
}

/** Counts are emails for recipients and people for exclusions. */
export interface PlanTotals {
  readonly recipients: number;
  readonly people: number;
  readonly bySegment: Readonly<Record<string, number>>;
  readonly byTemplate: Readonly<Record<string, number>>;
  readonly byRegion: Readonly<Record<string, number>>;
  readonly byCommissioner: Readonly<Record<string, number>>;
  readonly byRoute: Readonly<Record<string, number>>;
  readonly excluded: number;
  readonly exclusions: Readonly<Record<string, number>>;
  /** People whom neither a direct email nor their commissioner's cascade reaches. */
  readonly unreachable: number;
  /** People with several accounts, who get one merged email. */
  readonly merged: number;
}

/** What a plan says at a glance. */
export interface PlanSummary extends PlanTotals {
  readonly kind: string;
  readonly windowId: string;
  /** Earlier campaigns that sent some of these people the same template. */
  readonly duplicates: readonly {
    readonly campaign: string;
    readonly template: string;
    readonly people: number;
    readonly lastSentAt: string;
  }[];
  /** Other campaigns of the window that are to tell some of these people to sign in otherwise: approval is refused. */
  readonly contradictions: readonly Contradiction[];
  readonly feasibility: {
    readonly fits: boolean;
    readonly explanation: string;
    readonly latestSafeLaunch: string | null;
  };
  /** Values that a template needs and some recipient lacks: approval is refused until it is empty. */
  readonly missing: Readonly<Record<string, readonly string[]>>;
  readonly steps: readonly PlanStep[];
  readonly changes: PlanDiff;
}

/** Adds recipients up one by one, so that a plan of a million people needs no list of them. */
export class PlanTally {
  private readonly hash = createHash('sha256');
  private lastPerson = '';
  private readonly totals = {
    recipients: 0,
    people: 0,
    bySegment: {} as Record<string, number>,
    byTemplate: {} as Record<string, number>,
    byRegion: {} as Record<string, number>,
    byCommissioner: {} as Record<string, number>,
    byRoute: {} as Record<string, number>,
    excluded: 0,
    exclusions: {} as Record<string, number>,
    unreachable: 0,
    merged: 0,
  };

  /** Recipients come in the order of person and topic; the hash depends on it. */
  add(recipient: PlannedRecipient): void {
    const { totals } = this;
    this.hash.update(fingerprint(recipient));
    const newPerson = recipient.personKey !== this.lastPerson;
    this.lastPerson = recipient.personKey;
    if (newPerson) {
      count(totals.byRoute, recipient.route);
      // A disabled account has nothing to be told, so it is no gap.
      if (recipient.route === 'none' && recipient.segment !== 'excluded') totals.unreachable += 1;
      if (recipient.accountIds.length > 1 && recipient.excluded === null) totals.merged += 1;
    }
    if (recipient.excluded !== null) {
      totals.excluded += 1;
      count(totals.exclusions, recipient.excluded);
      return;
    }
    totals.recipients += 1;
    if (newPerson) totals.people += 1;
    count(totals.bySegment, recipient.segment);
    count(totals.byTemplate, recipient.template ?? 'none');
    count(totals.byRegion, recipient.regionCode ?? 'unknown');
    count(totals.byCommissioner, recipient.commissionerCode ?? 'none');
  }

  result(): PlanTotals {
    return this.totals;
  }

  /** The recipients' part of the plan's hash. */
  recipientsHash(): string {
    return this.hash.digest('hex');
  }
}

/** Everything about a recipient that an approver agrees to: one changed character is another fingerprint. */
export function fingerprint(recipient: PlannedRecipient): string {
  const { personKey, topic, accountIds, address, segment, route, template, values, obligations, excluded } = recipient;
  return `${canonicalJson([personKey, topic, accountIds, address, segment, route, template, values, obligations, excluded])}\n`;
}

/** The hash that an approval binds to: recipients, templates with their attachments, shared values and schedule. */
export function planHash(parts: {
  readonly recipientsHash: string;
  readonly templates: Readonly<Record<string, string>>;
  readonly shared: unknown;
  readonly steps: readonly PlanStep[];
}): string {
  return createHash('sha256').update(canonicalJson(parts)).digest('hex');
}

/** Of what somebody wrote into a campaign and a plan is made from; the times of its steps are in the plan's own hash. */
export function contentHash({ kind, window_id: window, audience, options }: CampaignContent): string {
  return createHash('sha256').update(canonicalJson({ kind, window, audience, options })).digest('hex');
}

/** Why a message was stopped whose recipient the directory says something else of since it was approved. */
export const CHANGED_SINCE_APPROVAL = 'changed since approval';

/** What became of an approved plan's people since. */
export interface Drift extends Omit<PlanDiff, 'since'> {
  /** Keys of those who would be told what is not true of them any more, or at an address that is not theirs. */
  readonly outdated: readonly string[];
}

/** Compares those who get an email in two plans. Both come in the order of person and topic, and neither is held. */
export async function differences(
  before: AsyncIterable<PlannedRecipient>,
  after: AsyncIterable<PlannedRecipient>,
): Promise<Drift> {
  const found = { joined: 0, left: 0, changed: 0, outdated: [] as string[] };
  const [old, fresh] = [before[Symbol.asyncIterator](), after[Symbol.asyncIterator]()];
  let [one, other] = [await old.next(), await fresh.next()];
  while (one.done !== true || other.done !== true) {
    const [approved, present] = [lineOf(one), lineOf(other)];
    const order = compare(approved, present);
    note(found, order <= 0 ? approved : undefined, order >= 0 ? present : undefined);
    if (order <= 0) one = await old.next();
    if (order >= 0) other = await fresh.next();
  }
  return found;
}

const lineOf = ({ done, value }: IteratorResult<PlannedRecipient, unknown>): PlannedRecipient | undefined =>
  done === true ? undefined : value;

function note(
  found: { joined: number; left: number; changed: number; outdated: string[] },
  approved: PlannedRecipient | undefined,
  present: PlannedRecipient | undefined,
): void {
  if (!getsEmail(approved)) {
    if (getsEmail(present)) found.joined += 1;
    return;
  }
  if (!getsEmail(present)) found.left += 1;
  else if (fingerprint(approved) === fingerprint(present)) return;
  else found.changed += 1;
  if (isOutdated(approved, present)) found.outdated.push(approved.personKey);
}

const getsEmail = (line: PlannedRecipient | undefined): line is PlannedRecipient => line?.excluded === null;

/** Not by another name of a person or an organisation: what the email asks for is still right. */
function isOutdated(approved: PlannedRecipient, present: PlannedRecipient | undefined): boolean {
  if (present?.segment !== approved.segment) return true;
  // A blocked address, for instance, which is looked at again before sending and told as what it is.
  if (present.excluded !== null) return false;
  return instructionOf(present) !== instructionOf(approved);
}

/** What somebody is told to do, of which accounts, and where: addresses in any case are the same. */
function instructionOf({ address, template, values }: PlannedRecipient): string {
  const accounts = (values?.accounts ?? []) as MessageValues['accounts'];
  const told = accounts.map(({ registeredAddress, segment, useInstead }) => [registeredAddress, segment, useInstead]);
  return canonicalJson([address, template, told]).toLowerCase();
}

/** By person and topic; the end of a plan comes after everything. */
function compare(a: PlannedRecipient | undefined, b: PlannedRecipient | undefined): number {
  if (!a || !b) return Number(!a) - Number(!b);
  const [left, right] = [`${a.personKey} ${a.topic}`, `${b.personKey} ${b.topic}`];
  return left < right ? -1 : Number(left > right);
}

/** Share of the approved people that joined, left or changed since; 0 when nobody was approved. */
export function driftOf(diff: Omit<PlanDiff, 'since'>, approvedPeople: number): number {
  const moved = diff.joined + diff.left + diff.changed;
  return approvedPeople === 0 ? (moved === 0 ? 0 : 1) : moved / approvedPeople;
}

function count(record: Record<string, number>, key: string): void {
  record[key] = (record[key] ?? 0) + 1;
}
