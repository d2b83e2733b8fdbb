import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type CascadeTables } from './cascade.tables.js';
import { type Coverage, type StepState } from './step.rules.js';

/** Counts of practices; `practices` is the sum of the five coverages. */
export interface CoverageCounts {
  readonly practices: number;
  readonly confirmed: number;
  readonly passedOn: number;
  readonly silent: number;
  readonly unreachable: number;
  readonly closed: number;
  readonly joinedLate: number;
  readonly moved: number;
  /** Practices in which nobody could declare after the change: when frozen, and by the newest import. */
  readonly atRiskBefore: number;
  readonly atRiskNow: number;
  /** Accounts whose holder needs help to sign in, in each practice of theirs; and those whose need has ended. */
  readonly peopleToHelp: number;
  readonly peopleHelped: number;
  readonly commissioners: number;
  readonly commissionersAnswered: number;
  readonly commissionersLate: number;
}

export interface CoverageRow extends CoverageCounts {
  readonly level: 'nation' | 'region' | 'commissioner';
  /** Null on the row of the nation, and for practices of which no file knows it. */
  readonly regionCode: string | null;
  readonly commissionerCode: string | null;
  readonly name: string;
  /** How far the region or commissioner itself has come; null for the nation and where it is unknown. */
  readonly state: StepState | null;
  readonly answeredAt: Date | null;
  readonly answeredLate: boolean;
}

export interface PracticeRow {
  readonly code: string;
  readonly name: string;
  readonly commissionerCode: string | null;
  readonly regionCode: string | null;
  readonly coverage: Coverage;
  readonly state: StepState;
  readonly joinedLate: boolean;
  readonly change: 'closed' | 'moved' | null;
  readonly movedTo: string | null;
  readonly passedOnAt: Date | null;
  readonly confirmedAt: Date | null;
  readonly writtenAt: Date | null;
  readonly atRiskBefore: boolean;
  readonly atRiskNow: boolean;
  readonly peopleToHelp: number;
}

/** One London day of a cascade. */
export interface DayOfSteps {
  readonly day: string;
  /** Answers of regions and commissioners; practices acknowledge as well. */
  readonly acknowledged: number;
  readonly passedOn: number;
  readonly declined: number;
  /** How often a region or commissioner that did not act was taken further. */
  readonly takenFurther: number;
  /** Practices that the message was passed on to, or that the service wrote to itself. */
  readonly practicesTold: number;
  readonly practicesConfirmed: number;
}

export interface CurvePoint {
  /** London day. */
  readonly day: string;
  /** Practices covered by the end of that day. */
  readonly passedOn: number;
  readonly confirmed: number;
}

/** Which part of a report. */
export interface PracticeFilter {
  readonly regionCode?: string;
  readonly commissionerCode?: string;
  readonly coverage?: Coverage;
  readonly atRisk?: boolean;
  /** Code of the last practice of the page before. */
  readonly after?: string;
  readonly limit: number;
}

/** Of whom coverage is asked; of everybody when empty. */
export interface CoveragePart {
  readonly region?: string;
  readonly commissioner?: string;
}

const COUNTS = [
  ...['practices', 'confirmed', 'passed_on', 'silent', 'unreachable', 'closed', 'joined_late', 'moved'],
  ...['at_risk_before', 'at_risk_now', 'people_to_help', 'people_helped'],
  ...['commissioners', 'commissioners_answered', 'commissioners_late'],
];

/** Reads how far a cascade has come. */
@Injectable()
export class ReportRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<CascadeTables>) {}

  /**
   * The nation, its regions and their commissioners, in one pass: a practice is in exactly one coverage, so every
   * parent is the sum of its children. Of one region or commissioner alone, sums above it are of that part only.
   */
  async coverage(cascadeId: string, { region, commissioner }: CoveragePart = {}): Promise<CoverageRow[]> {
    const part = [
      ...(region === undefined ? [] : [sql`and node.region_code = ${region}`]),
      ...(commissioner === undefined ? [] : [sql`and node.commissioner_code = ${commissioner}`]),
    ];
    const within = sql`node.cascade_id = ${cascadeId} and kind <> 'region' ${sql.join(part, sql` `)}`;
    // For the whole country it would name everybody, and only cost time.
    const ofPart =
      part.length === 0 ? sql`` : sql`and code in (select node.code from cascade_organisation node where ${within})`;
    const { rows } = await sql<CoverageRow>`
      with help as (
        select code, count(*) filter (where resolved_at is null) as open, count(resolved_at) as ended
        from cascade_help where cascade_id = ${cascadeId} ${ofPart}
        group by code
      ), part as (
        select node.region_code, node.commissioner_code,
          count(coverage)::int as practices,
          (count(*) filter (where coverage = 'confirmed'))::int as confirmed,
          (count(*) filter (where coverage = 'passed-on'))::int as passed_on,
          (count(*) filter (where coverage = 'silent'))::int as silent,
          (count(*) filter (where coverage = 'unreachable'))::int as unreachable,
          (count(*) filter (where coverage = 'closed'))::int as closed,
          (count(*) filter (where kind = 'practice' and joined_late))::int as joined_late,
          (count(*) filter (where kind = 'practice' and change = 'moved'))::int as moved,
          (count(*) filter (where kind = 'practice' and at_risk_before))::int as at_risk_before,
          (count(*) filter (where kind = 'practice' and at_risk_now))::int as at_risk_now,
          coalesce(sum(help.open) filter (where kind = 'practice'), 0)::int as people_to_help,
          coalesce(sum(help.ended) filter (where kind = 'practice'), 0)::int as people_helped,
          (count(*) filter (where kind = 'commissioner'))::int as commissioners,
          (count(*) filter (where kind = 'commissioner' and answered_at is not null))::int as commissioners_answered,
          (count(*) filter (where kind = 'commissioner' and answered_late))::int as commissioners_late
        from cascade_organisation node
        left join help on help.code = node.code
        where ${within}
        -- By commissioner first, so that no more than a hundred rows have to be sorted for the sums above it.
        group by node.region_code, node.commissioner_code
      ), counted as (
        select
          case when grouping(region_code) = 1 then 'nation'
               when grouping(commissioner_code) = 1 then 'region' else 'commissioner' end as level,
          region_code, commissioner_code,
          ${sql.join(COUNTS.map((column) => sql`coalesce(sum(${sql.ref(column)}), 0)::int as ${sql.ref(column)}`))}
        from part
        group by grouping sets ((), (region_code), (region_code, commissioner_code))
      )
      select counted.level, counted.region_code as "regionCode", counted.commissioner_code as "commissionerCode",
        coalesce(own.name, case counted.level when 'nation' then 'England' else 'Not known' end) as name,
        counted.practices, counted.confirmed, counted.passed_on as "passedOn", counted.silent, counted.unreachable,
        counted.closed, counted.joined_late as "joinedLate", counted.moved, counted.at_risk_before as "atRiskBefore",
        counted.at_risk_now as "atRiskNow", counted.people_to_help as "peopleToHelp",
        counted.people_helped as "peopleHelped", counted.commissioners,
        counted.commissioners_answered as "commissionersAnswered", counted.commissioners_late as "commissionersLate",
        own.state, own.answered_at as "answeredAt", coalesce(own.answered_late, false) as "answeredLate"
      from counted
      left join cascade_organisation own on own.cascade_id = ${cascadeId} and own.code =
        case counted.level when 'region' then counted.region_code when 'commissioner' then counted.commissioner_code end
      order by counted.level <> 'nation', counted.region_code nulls last, counted.level = 'commissioner',
        counted.commissioner_code nulls last`.execute(this.db);
    return rows;
  }

  /** Practices in code order. */
  async practices(cascadeId: string, filter: PracticeFilter): Promise<PracticeRow[]> {
    const { rows } = await sql<PracticeRow>`
      select node.code, node.name, node.commissioner_code as "commissionerCode", node.region_code as "regionCode",
        node.coverage, node.state, node.joined_late as "joinedLate", node.change, node.moved_to as "movedTo",
        node.passed_on_at as "passedOnAt", node.confirmed_at as "confirmedAt", node.written_at as "writtenAt",
        node.at_risk_before as "atRiskBefore", node.at_risk_now as "atRiskNow",
        (select count(*) from cascade_help help where help.cascade_id = node.cascade_id and help.code = node.code
           and help.resolved_at is null)::int as "peopleToHelp"
      from cascade_organisation node
      where node.cascade_id = ${cascadeId} and node.kind = 'practice' and node.code > ${filter.after ?? ''}
        and (${filter.regionCode ?? null}::text is null or node.region_code = ${filter.regionCode ?? null})
        and (${filter.commissionerCode ?? null}::text is null or node.commissioner_code = ${filter.commissionerCode ?? null})
        and (${filter.coverage ?? null}::text is null or node.coverage = ${filter.coverage ?? null})
        and (${filter.atRisk ?? null}::boolean is null or node.at_risk_now = ${filter.atRisk ?? null})
      order by node.code limit ${filter.limit}`.execute(this.db);
    return rows;
  }

  /** How coverage grew: a point for each London day on which something happened. */
  async curve(cascadeId: string): Promise<CurvePoint[]> {
    const { rows } = await sql<CurvePoint>`
      with facts as (
        select (at at time zone 'Europe/London')::date as day, what
        from cascade_organisation
        cross join lateral (values (passed_on_at, 'passed-on'), (confirmed_at, 'confirmed')) as fact (at, what)
        where cascade_id = ${cascadeId} and kind = 'practice' and at is not null
      )
      select day::text,
        (sum(count(*) filter (where what = 'passed-on')) over (order by day))::int as "passedOn",
        (sum(count(*) filter (where what = 'confirmed')) over (order by day))::int as confirmed
      from facts group by day order by day`.execute(this.db);
    return rows;
  }

  /** What happened on each London day on which something did, oldest first. */
  async days(cascadeId: string): Promise<DayOfSteps[]> {
    const { rows } = await sql<DayOfSteps>`
      select (step.at at time zone 'Europe/London')::date::text as day,
        (count(*) filter (where action = 'acknowledge'))::int as acknowledged,
        (count(*) filter (where action = 'pass-on'))::int as "passedOn",
        (count(*) filter (where action = 'decline'))::int as declined,
        (count(*) filter (where action = 'escalate' and kind <> 'practice'))::int as "takenFurther",
        (coalesce(sum(jsonb_array_length(details -> 'practices')) filter (where action = 'pass-on' and kind = 'commissioner'), 0)
          + count(*) filter (where action = 'escalate' and kind = 'practice'))::int as "practicesTold",
        (count(*) filter (where action = 'confirm'))::int as "practicesConfirmed"
      from cascade_step step
      join cascade_organisation node on node.cascade_id = step.cascade_id and node.code = step.code
      where step.cascade_id = ${cascadeId}
      group by 1 order by 1`.execute(this.db);
    return rows;
  }

  /** Commissioners in code order, with how often their silence was escalated. */
  async askedCommissioners(cascadeId: string): Promise<{ code: string; rung: number; answered: boolean }[]> {
    const { rows } = await sql<{ code: string; rung: number; answered: boolean }>`
      select code, rung, state in ('passed-on', 'acknowledged', 'done', 'declined') as answered
      from cascade_organisation
      where cascade_id = ${cascadeId} and kind = 'commissioner' and state <> 'waiting' order by code`.execute(this.db);
    return rows;
  }

  /** Practices that the message has reached, through their commissioner or directly, and that have not confirmed. */
  async unconfirmedPractices(cascadeId: string): Promise<string[]> {
    const { rows } = await sql<{ code: string }>`
      select code from cascade_organisation
      where cascade_id = ${cascadeId} and kind = 'practice' and confirmed_at is null
        and (passed_on_at is not null or written_at is not null) order by code`.execute(this.db);
    return rows.map(({ code }) => code);
  }

  /** Messages that silence has caused. */
  async escalatedMessages(cascadeId: string): Promise<number> {
    const { rows } = await sql<{ messages: number }>`
      select coalesce(sum(messages), 0)::int as messages
      from dispatch join delivery_tally on delivery_tally.dispatch_id = dispatch.id
      where dispatch.campaign_id = ${cascadeId} and dispatch.purpose like 'escalation:%'`.execute(this.db);
    return rows[0]?.messages ?? 0;
  }
}
