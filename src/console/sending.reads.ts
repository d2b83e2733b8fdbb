import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { COUNTED_AGAINST_BUDGET, type MessageState, TEMPLATE_CHANGED, TransportPace } from '../delivery/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type ConsoleTables } from './console.tables.js';

export interface MinuteCount {
  readonly at: Date;
  readonly messages: number;
}

export interface RegionProgress {
  readonly region: string | null;
  readonly state: MessageState;
  readonly messages: number;
}

/** People whom a campaign's approved plan does not know. */
export interface Newcomers {
  readonly people: number;
  /** ODS codes of their organisations. */
  readonly organisations: readonly string[];
}

export interface TransportState {
  readonly name: string;
  /** Null when it may be used now. */
  readonly closedUntil: Date | null;
  readonly closedReason: string | null;
  /** In the last 24 hours, counted where there is a budget. */
  readonly used: number;
  readonly trouble: number;
}

/** What the audit trail calls a campaign, and the other way round. */
const subjectOf = (campaignId: string): string => `campaign:${campaignId}`;
const ID_OF_SUBJECT = sql`substr(subject, length('campaign:') + 1)`;

/** What the pages read of sending that no service answers. */
@Injectable()
export class SendingReads {
  private readonly transportNames: readonly string[];

  constructor(
    @InjectDatabase() private readonly db: Kysely<ConsoleTables>,
    pace: TransportPace,
  ) {
    this.transportNames = pace.names;
  }

  /** How many messages of a campaign mail servers took in each minute in which they took any, oldest first. */
  async minutesOf(campaignId: string): Promise<MinuteCount[]> {
    const { rows } = await sql<MinuteCount>`
      select minute as at, sum(messages) as messages
      from delivery_tally join dispatch on dispatch.id = delivery_tally.dispatch_id
      where dispatch.campaign_id = ${campaignId} and minute is not null
      group by 1 having sum(messages) > 0 order by 1`.execute(this.db);
    return rows;
  }

  /** The same of all campaigns, from a moment on. */
  async minutesSince(since: Date): Promise<MinuteCount[]> {
    const { rows } = await sql<MinuteCount>`
      select minute as at, sum(messages) as messages from delivery_tally where minute >= ${since}
      group by 1 having sum(messages) > 0 order by 1`.execute(this.db);
    return rows;
  }

  /** Where the messages of an approved plan stand, by region of the recipient. */
  async byRegion(campaignId: string, planId: string): Promise<RegionProgress[]> {
    const { rows } = await sql<RegionProgress>`
      with recipient as (
        select person_key, min(region_code) as region from plan_recipient where plan_id = ${planId} group by person_key
      )
      select recipient.region, delivery.state, count(*)::int as messages
      from message
      join delivery on delivery.dispatch_id = message.dispatch_id and delivery.ordinal = message.ordinal
      left join recipient using (person_key)
      where message.campaign_id = ${campaignId}
      group by 1, 2`.execute(this.db);
    return rows;
  }

  /** Every configured transport, and whether its breaker is closed, by the database's clock. */
  async transports(): Promise<TransportState[]> {
    const { rows } = await sql<TransportState>`
      select name, case when closed_until > clock_timestamp() then closed_until end as "closedUntil",
        closed_reason as "closedReason", trouble,
        (select coalesce(sum(used), 0)::integer from pace_minute
          where pace_minute.name = pace.name and minute > clock_timestamp() - ${COUNTED_AGAINST_BUDGET}) as used
      from pace where name = any(${this.transportNames}) order by name`.execute(this.db);
    return rows;
  }

  /** Blocks that hold now, newest first, `limit` of them before an id. */
  async suppressions(now: Date, beforeId: number | undefined, limit: number) {
    return this.db
      .selectFrom('suppression')
      .select(['id', 'address', 'reason', 'created_at as createdAt', 'expires_at as expiresAt'])
      .where('lifted_at', 'is', null)
      .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', now)]))
      .$if(beforeId !== undefined, (query) => query.where('id', '<', beforeId ?? 0))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
  }

  async reportTexts(ids: readonly string[]): Promise<Map<string, { excerpt: string | null; claimed: string | null }>> {
    if (ids.length === 0) return new Map();
    const rows = await this.db
      .selectFrom('feedback_report')
      .select(['id', 'excerpt', 'claimed_message as claimed'])
      .where('id', 'in', [...ids])
      .execute();
    return new Map(rows.map(({ id, excerpt, claimed }) => [id, { excerpt, claimed }]));
  }

  /**
   * How many messages of each campaign wait for the version of their template that was approved. Reads the slices that
   * have something left.
   */
  async waitingForTemplate(campaignIds: readonly string[]): Promise<Map<string, number>> {
    if (campaignIds.length === 0) return new Map();
    const { rows } = await sql<{ id: string; messages: number }>`
      select dispatch.campaign_id as id, count(*) as messages
      from dispatch join slice on slice.dispatch_id = dispatch.id and slice.due_at is not null
      join delivery on delivery.dispatch_id = slice.dispatch_id
        and delivery.ordinal between slice.first_ordinal and slice.last_ordinal
      where dispatch.campaign_id = any(${campaignIds}::uuid[]) and delivery.state in ('queued', 'deferred')
        and delivery.reason like ${`${TEMPLATE_CHANGED}:%`}
      group by 1`.execute(this.db);
    return new Map(rows.map(({ id, messages }) => [id, messages]));
  }

  /**
   * Campaigns that are drafts although they had been approved: the service took the approval back, and nobody has edited
   * or submitted them since.
   */
  async lapsedApprovals(campaignIds: readonly string[]): Promise<Set<string>> {
    if (campaignIds.length === 0) return new Set();
    const { rows } = await sql<{ id: string }>`
      select ${ID_OF_SUBJECT} as id
      from (
        select distinct on (subject) subject, action from audit_entry
        where subject = any(${campaignIds.map(subjectOf)}::text[])
          and action in ('campaign.submit', 'campaign.edit', 'campaign.void-approval')
        order by subject, sequence desc
      ) as last_step
      where action = 'campaign.void-approval'`.execute(this.db);
    return new Set(rows.map(({ id }) => id));
  }

  /** By campaign, how many messages were withheld as the directory says something else of their people since. */
  async withheld(campaignIds: readonly string[]): Promise<Map<string, number>> {
    if (campaignIds.length === 0) return new Map();
    const { rows } = await sql<{ id: string; messages: number }>`
      select ${ID_OF_SUBJECT} as id, sum((details ->> 'messages')::int)::int as messages
      from audit_entry
      where subject = any(${campaignIds.map(subjectOf)}::text[]) and action = 'campaign.withheld'
      group by 1`.execute(this.db);
    return new Map(rows.map(({ id, messages }) => [id, messages]));
  }

  /** Those who came too late for the last step of a campaign, by campaign. */
  async newcomers(campaignIds: readonly string[]): Promise<Map<string, Newcomers>> {
    if (campaignIds.length === 0) return new Map();
    const { rows } = await sql<Newcomers & { id: string }>`
      select id, (details ->> 'newcomers')::int as people, details -> 'organisations' as organisations
      from (
        select distinct on (subject) ${ID_OF_SUBJECT} as id, details from audit_entry
        where subject = any(${campaignIds.map(subjectOf)}::text[]) and action = 'campaign.step-dispatched'
        order by subject, sequence desc
      ) as last_step
      where details ? 'newcomers'`.execute(this.db);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** The values that all messages of a dispatch share. */
  async sharedValues(dispatchId: string): Promise<Readonly<Record<string, unknown>>> {
    const row = await this.db
      .selectFrom('dispatch')
      .select('shared_values')
      .where('id', '=', dispatchId)
      .executeTakeFirst();
    return row?.shared_values ?? {};
  }

  /** Names of people who signed in, by the ids of the audit trail (`person:…`). */
  async actorNames(actors: readonly string[]): Promise<Map<string, string>> {
    const ids = actors.flatMap((actor) => /^person:([0-9a-f-]{36})$/.exec(actor)?.[1] ?? []);
    if (ids.length === 0) return new Map();
    const rows = await this.db.selectFrom('person').select(['id', 'display_name']).where('id', 'in', ids).execute();
    return new Map(rows.map(({ id, display_name: name }) => [`person:${id}`, name]));
  }

  /** Names of campaigns, by the subjects of the audit trail (`campaign:…`). */
  async campaignNames(subjects: readonly string[]): Promise<Map<string, string>> {
    const ids = subjects.flatMap((subject) => /^campaign:([0-9a-f-]{36})$/.exec(subject)?.[1] ?? []);
    if (ids.length === 0) return new Map();
    const rows = await this.db.selectFrom('campaign').select(['id', 'name']).where('id', 'in', ids).execute();
    return new Map(rows.map(({ id, name }) => [subjectOf(id), name]));
  }
}
