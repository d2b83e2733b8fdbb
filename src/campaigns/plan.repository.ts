import { Injectable } from '@nestjs/common';
import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { copyAll, copyRow, InjectDatabase } from '../platform/database/index.js';
import { type CampaignTables, type PlanRecipientTable, type PlanTable } from './campaign.tables.js';
import { SIGN_IN_INSTRUCTIONS } from './campaign.kinds.js';
import { type Contradiction, type PlanDiff, type PlanSummary } from './plan.rules.js';
import { type PlannedRecipient } from './recipient.types.js';

export type PlanRow = Selectable<PlanTable>;
export type RecipientRow = Selectable<PlanRecipientTable>;

const PAGE = 5_000;
const RECIPIENT_COLUMNS = [
  ...['plan_id', 'person_key', 'topic', 'account_ids', 'organisation_codes'],
  ...['region_code', 'commissioner_code', 'segment', 'rule', 'route'],
  ...['address', 'template', 'values', 'obligations', 'excluded'],
] as const satisfies readonly (keyof PlanRecipientTable)[];

@Injectable()
export class PlanRepository {
  constructor(@InjectDatabase() readonly db: Kysely<CampaignTables>) {}

  async latest(campaignId: string, db: Kysely<CampaignTables> = this.db): Promise<PlanRow | undefined> {
    return db
      .selectFrom('plan')
      .selectAll()
      .where('campaign_id', '=', campaignId)
      .orderBy('made_at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  async find(id: string): Promise<PlanRow | undefined> {
    return this.db.selectFrom('plan').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Writes the head of a plan; its recipients follow in the same transaction. */
  async add(plan: Omit<Insertable<PlanTable>, 'hash' | 'summary'>, trx: Transaction<CampaignTables>): Promise<void> {
    await trx
      .insertInto('plan')
      .values({ ...plan, hash: '', summary: '{}' })
      .execute();
  }

  /** After many recipients: with the statistics of an empty table the comparison of two plans takes minutes. */
  async analyse(trx: Transaction<CampaignTables>): Promise<void> {
    // The columns that plans of queries depend on; those that hold the emails cost ten times as much to sample.
    await sql`analyze plan_recipient (plan_id, person_key, topic, account_ids, template, excluded)`.execute(trx);
  }

  async complete(planId: string, hash: string, summary: PlanSummary, trx: Transaction<CampaignTables>): Promise<void> {
    await trx
      .updateTable('plan')
      .set({ hash, summary: JSON.stringify(summary) })
      .where('id', '=', planId)
      .execute();
  }

  async addRecipients(
    planId: string,
    recipients: AsyncIterable<PlannedRecipient>,
    trx: Transaction<CampaignTables>,
  ): Promise<void> {
    await copyAll(trx, 'plan_recipient', RECIPIENT_COLUMNS, textsOf(planId, recipients));
  }

  /** People who get an email in one plan and not in the other, or a different one. */
  async diff(
    fromPlanId: string,
    toPlanId: string,
    trx: Kysely<CampaignTables> = this.db,
  ): Promise<Omit<PlanDiff, 'since'>> {
    const { rows } = await sql<Omit<PlanDiff, 'since'>>`
      with before as (
        select person_key, topic, md5(row(account_ids, segment, address, template, values, obligations)::text) as print
        from plan_recipient where plan_id = ${fromPlanId} and excluded is null
      ), after as (
        select person_key, topic, md5(row(account_ids, segment, address, template, values, obligations)::text) as print
        from plan_recipient where plan_id = ${toPlanId} and excluded is null
      )
      select
        (count(*) filter (where before.print is null))::int as joined,
        (count(*) filter (where after.print is null))::int as left,
        (count(*) filter (where before.print <> after.print))::int as changed
      from before full join after using (person_key, topic)`.execute(trx);
    return rows[0] ?? { joined: 0, left: 0, changed: 0 };
  }

  /** Earlier messages with the same templates to the same people, by campaign and template. */
  async duplicates(
    planId: string,
    campaignId: string,
    trx: Transaction<CampaignTables>,
  ): Promise<PlanSummary['duplicates']> {
    const { rows } = await sql<{ campaign: string; template: string; people: number; lastSentAt: string }>`
      select campaign.name as campaign, message.template, count(distinct message.person_key)::int as people,
        to_char(max(delivery.accepted_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "lastSentAt"
      from plan_recipient recipient
      join message on message.person_key = recipient.person_key and message.template = recipient.template
      join delivery on delivery.dispatch_id = message.dispatch_id and delivery.ordinal = message.ordinal
        and delivery.accepted_at is not null
      join campaign on campaign.id = message.campaign_id
      where recipient.plan_id = ${planId} and recipient.excluded is null and message.campaign_id <> ${campaignId}
      group by campaign.id, campaign.name, message.template
      order by max(delivery.accepted_at) desc
      limit 20`.execute(trx);
    return rows;
  }

  /**
   * People whom another campaign of the window, approved or under way, is to tell the opposite: of what this one tells
   * them, or of what it asks their commissioner to do for them (`forNewAccounts`: by person key). So does a cascade that
   * is not over: its worklists, frozen when it began, ask for a new account for as long as a need stands there.
   */
  async contradictions(
    planId: string,
    campaignId: string,
    forNewAccounts: readonly string[],
    db: Kysely<CampaignTables> = this.db,
  ): Promise<Contradiction[]> {
    const { rows } = await sql<Contradiction>`
      with instruction as (
        select key as template, value as does from jsonb_each_text(${JSON.stringify(SIGN_IN_INSTRUCTIONS)}::jsonb)
      ), own as (
        select person_key, own.template, does from plan_recipient own join instruction using (template)
        where plan_id = ${planId} and excluded is null
        union all
        select person_key, 'cascade-request', 'new-account' from unnest(${forNewAccounts}::text[]) as helped (person_key)
      ), other as (
        select campaign.id, campaign.name, campaign.window_id, person_key, told.template, does
        from campaign
        join plan_recipient told on told.plan_id = campaign.approved_plan_id and told.excluded is null
        join instruction using (template)
        where campaign.state in ('approved', 'scheduled', 'sending', 'paused')
        union all
        select campaign.id, campaign.name, campaign.window_id, recipient.person_key, 'cascade-request', 'new-account'
        from campaign
        join cascade on cascade.campaign_id = campaign.id and cascade.closed_at is null
        join plan_recipient recipient on recipient.plan_id = ${planId}
        cross join lateral unnest(recipient.account_ids) as held (account_id)
        left join (
          select distinct cascade_id, account_id from cascade_help where need = 'mismatched' and resolved_at is null
        ) as help on help.cascade_id = cascade.id and help.account_id = held.account_id
        where campaign.state <> 'cancelled'
        group by campaign.id, recipient.person_key, recipient.topic
        having bool_and(help.account_id is not null)
      )
      select other.name as campaign, own.template, other.template as "otherTemplate",
        count(distinct own.person_key)::int as people
      from campaign this
      join other on other.window_id = this.window_id and other.id <> this.id
      join own on own.person_key = other.person_key and own.does <> other.does
      where this.id = ${campaignId}
      group by other.id, other.name, own.template, other.template
      order by people desc, other.name, own.template limit 20`.execute(db);
    return rows;
  }

  /** Every line of a plan in the order of person and topic, or only those of people who get an email. */
  async *planned(planId: string, which: 'all' | 'mailed' = 'all'): AsyncGenerator<PlannedRecipient> {
    let after: RecipientRow | undefined;
    for (;;) {
      let query = this.db
        .selectFrom('plan_recipient')
        .selectAll()
        .where('plan_id', '=', planId)
        .$if(which === 'mailed', (lines) => lines.where('excluded', 'is', null))
        .orderBy('person_key')
        .orderBy('topic')
        .limit(PAGE);
      if (after !== undefined)
        query = query.where(sql<boolean>`(person_key, topic) > (${after.person_key}, ${after.topic})`);
      const page = await query.execute();
      for (const row of page) yield recipientOf(row);
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }

  /** Ids of the accounts that a plan speaks of, also where it says why somebody gets no email. */
  async accountsOf(planId: string): Promise<Set<string>> {
    const { rows } = await sql<{ id: string }>`
      select distinct unnest(account_ids) as id from plan_recipient where plan_id = ${planId}`.execute(this.db);
    return new Set(rows.map(({ id }) => id));
  }

  /** A page of those who get an email, or of those who get none, in the order of person and topic. */
  async lines(
    planId: string,
    which: 'recipients' | 'exclusions',
    limit: number,
    after?: readonly [personKey: string, topic: string],
  ): Promise<RecipientRow[]> {
    let query = this.db
      .selectFrom('plan_recipient')
      .selectAll()
      .where('plan_id', '=', planId)
      .where('excluded', which === 'recipients' ? 'is' : 'is not', null)
      .orderBy('person_key')
      .orderBy('topic')
      .limit(limit);
    if (after !== undefined) query = query.where(sql<boolean>`(person_key, topic) > (${after[0]}, ${after[1]})`);
    return query.execute();
  }

  /**
   * Only these plans, the newest and the approved one keep their recipients: a plan of England is 30 MB. The campaign is
   * locked, so that nobody approves a plan while its recipients go.
   */
  async forgetRecipients(campaignId: string, keep: readonly string[], trx: Transaction<CampaignTables>): Promise<void> {
    const campaign = trx
      .selectFrom('campaign')
      .select('approved_plan_id')
      .where('id', '=', campaignId)
      .forNoKeyUpdate();
    const { approved_plan_id: approved } = await campaign.executeTakeFirstOrThrow();
    const newest = await this.latest(campaignId, trx);
    const kept = [...keep, newest?.id, approved].filter((id) => typeof id === 'string');
    await trx
      .deleteFrom('plan_recipient')
      .where('plan_id', 'in', (query) =>
        query.selectFrom('plan').select('id').where('campaign_id', '=', campaignId).where('id', 'not in', kept),
      )
      .execute();
  }
}

async function* textsOf(planId: string, recipients: AsyncIterable<PlannedRecipient>): AsyncGenerator<string> {
  for await (const recipient of recipients) {
    yield copyRow([
      ...[planId, recipient.personKey, recipient.topic, recipient.accountIds, recipient.organisationCodes],
      ...[recipient.regionCode, recipient.commissionerCode, recipient.segment, recipient.rule, recipient.route],
      ...[recipient.address, recipient.template, asJson(recipient.values), asJson(recipient.obligations)],
      recipient.excluded,
    ]);
  }
}

function asJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

function recipientOf(row: RecipientRow): PlannedRecipient {
  return {
    personKey: row.person_key,
    topic: row.topic,
    accountIds: row.account_ids,
    organisationCodes: row.organisation_codes,
    regionCode: row.region_code,
    commissionerCode: row.commissioner_code,
    segment: row.segment,
    rule: row.rule,
    route: row.route,
    address: row.address,
    template: row.template,
    values: row.values,
    obligations: row.obligations,
    excluded: row.excluded,
  };
}
