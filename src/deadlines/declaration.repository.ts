import { Injectable } from '@nestjs/common';
import { type Kysely, type QueryExecutorProvider, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type OdsCode } from '../shared/ods-code.js';
import { type DeadlinesTables } from './deadlines.tables.js';
import { type Actor, type Declaration, type DeclarationStatus } from './declaration.rules.js';

/** Which declarations a window is about; null is all. */
export interface DeclarationScope {
  readonly service: string | null;
  readonly period: string | null;
}

export interface AppliedDeclarations {
  readonly added: number;
  /** Rows whose status or requirements are different now. */
  readonly changed: number;
  /** Rows that told nothing new, or something older than what is known. */
  readonly unchanged: number;
}

/** How many hold something up. */
export interface Waiting {
  readonly practices: number;
  readonly commissioners: number;
}

/** One practice whose payment somebody holds up. */
export interface OrganisationBlockers {
  readonly organisationCode: OdsCode;
  /** Who approves for it today; null when the directory does not know. */
  readonly commissionerCode: OdsCode | null;
  readonly practice: boolean;
  readonly commissioner: boolean;
  readonly blockedBy: Actor | 'both';
  readonly services: readonly {
    readonly service: string;
    readonly period: string;
    readonly status: DeclarationStatus;
    readonly blocker: Actor;
  }[];
}

/** A question and, coming back, the answer "still blocks". See `DeadlinesService.stillBlocking`. */
export interface BlockingPair {
  readonly organisationCode: string;
  readonly actor: Actor;
}

const ROWS_AT_ONCE = 5_000;

@Injectable()
export class DeclarationRepository {
  constructor(@InjectDatabase() readonly db: Kysely<DeadlinesTables>) {}

  /**
   * Keeps the newest report of each declaration. Reports of one instant are ordered by status (the further along wins)
   * and then by the requirements (required wins), so that the outcome never depends on the order of arrival.
   */
  async apply(declarations: readonly Declaration[], trx: QueryExecutorProvider): Promise<AppliedDeclarations> {
    // Feeds take turns: two that bring the same rows in different order would wait for each other for ever.
    await sql`select pg_advisory_xact_lock(hashtext('declarations'))`.execute(trx);
    const total = { added: 0, changed: 0 };
    for (let from = 0; from < declarations.length; from += ROWS_AT_ONCE) {
      const { added, changed } = await this.applySlice(declarations.slice(from, from + ROWS_AT_ONCE), trx);
      total.added += added;
      total.changed += changed;
    }
    return { ...total, unchanged: declarations.length - total.added - total.changed };
  }

  /** Notes that a report came, whatever it told. */
  async heard(at: Date, trx: QueryExecutorProvider): Promise<void> {
    await sql`
      insert into declaration_feed as feed (heard_at) values (${at})
      on conflict (is_only) do update set heard_at = greatest(feed.heard_at, excluded.heard_at)`.execute(trx);
  }

  /** When a report last came; null when none ever has. */
  async heardAt(): Promise<Date | null> {
    const row = await this.db.selectFrom('declaration_feed').select('heard_at').executeTakeFirst();
    return row?.heard_at ?? null;
  }

  private async applySlice(
    slice: readonly Declaration[],
    trx: QueryExecutorProvider,
  ): Promise<{ added: number; changed: number }> {
    const { rows } = await sql<{ added: number; changed: number }>`
      with incoming as (
        select distinct on (organisation_code, service, period) *
        from unnest(
          ${slice.map((row) => row.organisationCode)}::text[],
          ${slice.map((row) => row.service)}::text[],
          ${slice.map((row) => row.period)}::text[],
          ${slice.map((row) => row.declarationRequired)}::boolean[],
          ${slice.map((row) => row.approvalRequired)}::boolean[],
          ${slice.map((row) => row.status)}::declaration_status[],
          ${slice.map((row) => row.updatedAt.toISOString())}::timestamptz[]
        ) as row (organisation_code, service, period, declaration_required, approval_required, status, updated_at)
        order by organisation_code, service, period,
          updated_at desc, status desc, declaration_required desc, approval_required desc
      ), before as (
        select declaration.* from declaration join incoming using (organisation_code, service, period)
      ), written as (
        insert into declaration as known
          (organisation_code, service, period, declaration_required, approval_required, status, updated_at)
        select * from incoming
        on conflict (organisation_code, service, period) do update set
          declaration_required = excluded.declaration_required,
          approval_required = excluded.approval_required,
          status = excluded.status,
          updated_at = excluded.updated_at
        where (excluded.updated_at, excluded.status, excluded.declaration_required, excluded.approval_required)
            > (known.updated_at, known.status, known.declaration_required, known.approval_required)
        returning organisation_code, service, period, declaration_required, approval_required, status
      )
      select
        (count(*) filter (where before.status is null))::int as added,
        (count(*) filter (where before.status is not null
          and (before.status, before.declaration_required, before.approval_required)
            is distinct from (written.status, written.declaration_required, written.approval_required)))::int as changed
      from written left join before using (organisation_code, service, period)`.execute(trx);
    return rows[0] ?? { added: 0, changed: 0 };
  }

  /** Those of the codes that the directory does not know, in order. */
  async unknownOrganisations(codes: readonly string[], trx: QueryExecutorProvider): Promise<string[]> {
    const { rows } = await sql<{ code: string }>`
      select distinct given.code collate "C" as code from unnest(${codes}::text[]) as given (code)
      where not exists (select from organisation where organisation.code = given.code)
      order by 1`.execute(trx);
    return rows.map(({ code }) => code);
  }

  /** Every practice that somebody holds up, in code order; or one organisation, if it is among them. */
  async blockers(scope: DeclarationScope, organisationCode: string | null = null): Promise<OrganisationBlockers[]> {
    const { rows } = await sql<OrganisationBlockers>`
      select
        d.organisation_code as "organisationCode",
        min(o.commissioner_code) as "commissionerCode",
        bool_or(d.blocker = 'practice') as practice,
        bool_or(d.blocker = 'commissioner') as commissioner,
        case when min(d.blocker) = max(d.blocker) then min(d.blocker) else 'both' end as "blockedBy",
        json_agg(
          json_build_object('service', d.service, 'period', d.period, 'status', d.status, 'blocker', d.blocker)
          order by d.service, d.period
        ) as services
      from declaration d left join organisation o on o.code = d.organisation_code
      where d.blocker <> 'nobody' and ${within(scope)}
        and (${organisationCode}::text is null or d.organisation_code = ${organisationCode})
      group by d.organisation_code
      order by d.organisation_code`.execute(this.db);
    return rows;
  }

  /** How many practices, and how many commissioners, have something to do. */
  async waiting(scope: DeclarationScope, region: string | undefined): Promise<Waiting> {
    const { rows } = await sql<Waiting>`
      select count(distinct d.organisation_code) filter (where d.blocker = 'practice') as practices,
        count(distinct o.commissioner_code) filter (where d.blocker = 'commissioner') as commissioners
      from declaration d left join organisation o on o.code = d.organisation_code
      where d.blocker <> 'nobody' and ${within(scope)} and ${ofRegion(region)}`.execute(this.db);
    return rows[0] ?? { practices: 0, commissioners: 0 };
  }

  /** Open GP practices about which the feed has said nothing within the scope, in code order. */
  async practicesWithoutStatus(scope: DeclarationScope, region: string | undefined): Promise<OdsCode[]> {
    const { rows } = await sql<{ code: OdsCode }>`
      select o.code from organisation o
      where o.is_gp_practice and o.status = 'active' and ${ofRegion(region)}
        and not exists (select from declaration d where d.organisation_code = o.code and ${within(scope)})
      order by o.code`.execute(this.db);
    return rows.map(({ code }) => code);
  }

  /** Those of the pairs that still block, in the order given. */
  async stillBlocking(scope: DeclarationScope, pairs: readonly BlockingPair[]): Promise<BlockingPair[]> {
    const { rows } = await sql<BlockingPair>`
      with asked as (
        select * from unnest(
          ${pairs.map((pair) => pair.organisationCode)}::text[], ${pairs.map((pair) => pair.actor)}::text[]
        ) with ordinality as asked (code, actor, position)
      ), own as (
        select asked.* from asked where exists (
          select from declaration d
          where d.organisation_code = asked.code and d.blocker = asked.actor and ${within(scope)}
        )
      ), as_commissioner as (
        select asked.* from asked where asked.actor = 'commissioner' and exists (
          select from organisation o join declaration d on d.organisation_code = o.code
          where o.commissioner_code = asked.code and d.blocker = 'commissioner' and ${within(scope)}
        )
      )
      select code as "organisationCode", actor
      from (select * from own union select * from as_commissioner) as blocking
      order by position`.execute(this.db);
    return rows;
  }
}

/** Of the practice `o`. */
function ofRegion(region: string | undefined) {
  return sql<boolean>`(${region ?? null}::text is null or o.region_code = ${region ?? null})`;
}

function within({ service, period }: DeclarationScope) {
  return sql<boolean>`(${service}::text is null or d.service = ${service}) and (${period}::text is null or d.period = ${period})`;
}
