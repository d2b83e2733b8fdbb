import { type Kysely, sql } from 'kysely';
import { type Declaration, type DeclarationWindow } from '../deadlines/index.js';
import { type MessageState } from '../delivery/index.js';

/** What stands in the calendar of a simulation, as the ledger says it. */
export interface Outcomes {
  readonly campaignId: string;
  readonly step: string;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly at: Date;
  readonly messages: number;
  readonly people: number;
  readonly practices: number;
  readonly commissioners: number;
}

export interface StepTotals {
  readonly campaignId: string;
  readonly step: string;
  readonly label: string;
  readonly dueAt: Date;
  readonly state: string;
  readonly note: string | null;
  readonly handledAt: Date | null;
  /** Emails of the approved plan. */
  readonly approved: number;
  /** Emails that were written into the ledger when the step came. */
  readonly planned: number;
}

/** Reads, of the scratch database, what no module needs to be asked in its own work. */
export class SimulationRepository {
  constructor(private readonly db: Kysely<unknown>) {}

  /** Slices that somebody drains, that could be drained now, and whose time is over and that nobody has closed yet. */
  async pending(now: Date): Promise<{ leased: number; due: number; over: number }> {
    const { rows } = await sql<{ leased: number; due: number; over: number }>`
      select count(*) filter (where leased_by is not null)::int as leased,
        count(*) filter (where leased_by is null and slice.due_at <= ${now}
          and dispatch.state in ('waiting', 'running'))::int as due,
        count(*) filter (where slice.due_at is not null and dispatch.expires_at <= ${now}
          and dispatch.state in ('waiting', 'running', 'paused'))::int as over
      from slice join dispatch on dispatch.id = slice.dispatch_id`.execute(this.db);
    return rows[0] ?? { leased: 0, due: 0, over: 0 };
  }

  /** Emails that were due and wait for the mail server. */
  async waiting(now: Date): Promise<number> {
    const { rows } = await sql<{ waiting: number }>`
      select count(*)::int as waiting from delivery join dispatch on dispatch.id = delivery.dispatch_id
      where delivery.state in ('planned', 'queued', 'deferred') and dispatch.due_at <= ${now}
        and dispatch.state in ('waiting', 'running')`.execute(this.db);
    return rows[0]?.waiting ?? 0;
  }

  /** The next instant at which the service itself has something to do: a step, a second attempt, an expiry. */
  async nextDue(now: Date): Promise<Date | null> {
    const { rows } = await sql<{ at: Date | null }>`
      select min(at) as at from (
        select step.due_at as at from campaign_step step join campaign on campaign.id = step.campaign_id
        where step.state = 'waiting' and campaign.state in ('scheduled', 'sending')
          and (not campaign.held_back or campaign.released_at is not null)
        union all
        select slice.due_at from slice join dispatch on dispatch.id = slice.dispatch_id
        where dispatch.state in ('waiting', 'running')
        union all
        select dispatch.expires_at from dispatch where dispatch.state in ('waiting', 'running')
      ) as event where at > ${now}`.execute(this.db);
    return rows[0]?.at ?? null;
  }

  /** Declarations of the window that hold a payment up, of practices among these or of all. */
  async blocking({ service, period }: Pick<DeclarationWindow, 'service' | 'period'>): Promise<Declaration[]> {
    const { rows } = await sql<Declaration>`
      select organisation_code as "organisationCode", service, period, declaration_required as "declarationRequired",
        approval_required as "approvalRequired", status, updated_at as "updatedAt"
      from declaration
      where blocker <> 'nobody' and (${service}::text is null or service = ${service})
        and (${period}::text is null or period = ${period})`.execute(this.db);
    return rows;
  }

  /** What was reported after the simulation begins would win over what happens in it. */
  async rejuvenate(start: Date): Promise<void> {
    await sql`update declaration set updated_at = ${start} where updated_at > ${start}`.execute(this.db);
  }

  /** Sets the instants at which messages were accepted, by the id of the message. */
  async setAcceptedAt(taken: ReadonlyMap<string, Date>): Promise<void> {
    await sql`
      update delivery set accepted_at = taken.at
      from unnest(${[...taken.keys()]}::uuid[], ${[...taken.values()]}::timestamptz[]) as taken (message_id, at)
      where delivery.message_id = taken.message_id and delivery.state = 'accepted'`.execute(this.db);
  }

  async outcomes(since: Date, bucket: 'second' | 'hour'): Promise<Outcomes[]> {
    const { rows } = await sql<Outcomes>`
      with told as materialized (
        select message.campaign_id, split_part(message.purpose, ':', 2) as step, delivery.state,
          case when delivery.state in ('failed', 'suppressed', 'cancelled') then delivery.reason end as reason,
          date_trunc(${bucket}, coalesce(delivery.accepted_at, delivery.state_changed_at)) as at,
          message.person_key, message.organisation_codes
        from delivery
        join message on message.dispatch_id = delivery.dispatch_id and message.ordinal = delivery.ordinal
        where coalesce(delivery.accepted_at, delivery.state_changed_at) >= ${since}
      ), organisations as (
        select told.campaign_id, step, state, reason, at,
          count(distinct organisation.code) filter (where organisation.kind = 'practice')::int as practices,
          count(distinct organisation.code) filter (where organisation.kind = 'commissioner')::int as commissioners
        from told, unnest(organisation_codes) as listed (code) join organisation on organisation.code = listed.code
        group by 1, 2, 3, 4, 5
      ), people as (
        select campaign_id, step, state, reason, at, count(*)::int as messages, count(distinct person_key)::int as people
        from told group by 1, 2, 3, 4, 5
      )
      select people.campaign_id as "campaignId", people.step, people.state, people.reason, people.at, messages, people,
        coalesce(practices, 0) as practices, coalesce(commissioners, 0) as commissioners
      from people left join organisations on organisations.campaign_id = people.campaign_id
        and organisations.step = people.step and organisations.state = people.state
        and organisations.reason is not distinct from people.reason and organisations.at = people.at
      order by people.at, people.campaign_id, people.step, people.state`.execute(this.db);
    return rows;
  }

  async steps(since: Date): Promise<StepTotals[]> {
    const { rows } = await sql<StepTotals>`
      select step.campaign_id as "campaignId", step.step_id as step, step.label, step.due_at as "dueAt", step.state,
        step.note, step.handled_at as "handledAt",
        (select count(*) from plan_recipient where plan_id = campaign.approved_plan_id and excluded is null)::int as approved,
        (select coalesce(sum(planned), 0) from dispatch
          where dispatch.campaign_id = step.campaign_id and split_part(dispatch.purpose, ':', 2) = step.step_id
        )::int as planned
      from campaign_step step join campaign on campaign.id = step.campaign_id
      where step.handled_at is null or step.handled_at >= ${since}
      order by step.due_at, step.campaign_id, step.step_id`.execute(this.db);
    return rows;
  }
}
