import { Injectable } from '@nestjs/common';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type CascadeTables, type Coverage, type StepState, type TreeKind, type TreeScope } from '../cascades/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { isNamed } from './directory.reads.js';

/** A cascade in a list, counted over the whole country or over one region. */
export interface CascadeLine {
  readonly id: string;
  readonly name: string;
  readonly isDrill: boolean;
  readonly frozenAt: Date;
  readonly answerBy: Date;
  readonly closedAt: Date | null;
  readonly practices: number;
  readonly confirmed: number;
  readonly passedOn: number;
  /** Regions and commissioners that were asked and have not answered. */
  readonly silentSteps: number;
  /** Of those, the ones whose time has run out. */
  readonly lateSteps: number;
}

/** How far a region or commissioner has come, with the time of each step. */
export interface StepTimes {
  readonly code: string;
  readonly kind: TreeKind;
  readonly name: string;
  readonly regionCode: string | null;
  readonly state: StepState;
  readonly late: boolean;
  readonly askedAt: Date;
  readonly sentAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly acknowledgedAt: Date | null;
  readonly passedOnAt: Date | null;
  readonly doneAt: Date | null;
  readonly declinedAt: Date | null;
  readonly nudgedAt: Date | null;
}

const SILENT = sql`state in ('waiting', 'sent', 'delivered', 'undeliverable')`;

/** What the pages of cascades read that no service answers. A region confines what is read. */
@Injectable()
export class CascadeReads {
  constructor(@InjectDatabase() private readonly db: Kysely<CascadeTables>) {}

  /** Newest first, `limit` of them before a place; only those with something in the region, when one is given. */
  async list(
    now: Date,
    region: string | undefined,
    limit: number,
    before?: { readonly frozenAt: Date; readonly id: string },
  ): Promise<CascadeLine[]> {
    const place = before ? sql`and (cascade.frozen_at, cascade.id) < (${before.frozenAt}, ${before.id}::uuid)` : sql``;
    return this.lines(now, region, sql`true ${place}`, limit);
  }

  /** Open cascades in which somebody was asked and has not answered in time, those with most of them first. */
  async overdue(now: Date, region: string | undefined): Promise<CascadeLine[]> {
    const lines = await this.lines(
      now,
      region,
      sql`closed_at is null and cascade.campaign_id is not null and answer_by < ${now}`,
      50,
    );
    return lines.filter(({ lateSteps }) => lateSteps > 0).sort((a, b) => b.lateSteps - a.lateSteps);
  }

  /** Of a cascade's campaign: whether it has a tree. */
  async exists(id: string): Promise<boolean> {
    const row = await this.db.selectFrom('cascade').select('id').where('id', '=', id).executeTakeFirst();
    return row !== undefined;
  }

  /** The cascades that an organisation is part of, newest first. */
  async of(
    code: string,
  ): Promise<{ id: string; name: string; frozenAt: Date; state: StepState; coverage: Coverage | null }[]> {
    return this.db
      .selectFrom('cascade_organisation as node')
      .innerJoin('cascade', 'cascade.id', 'node.cascade_id')
      .select(['cascade.id', 'cascade.name', 'cascade.frozen_at as frozenAt', 'node.state', 'node.coverage'])
      .where('node.code', '=', code)
      .orderBy('cascade.frozen_at', 'desc')
      .execute();
  }

  /** The regions, or the commissioners of one, in code order. */
  async steps(cascadeId: string, which: { readonly region: string } | { readonly kind: 'region' }) {
    return this.times(
      cascadeId,
      'region' in which
        ? sql`node.kind = 'commissioner' and node.region_code = ${which.region}`
        : sql`node.kind = 'region'`,
      sql`node.code`,
    );
  }

  /** One organisation as in `steps`. */
  async stepOf(cascadeId: string, code: string): Promise<StepTimes | undefined> {
    return (await this.times(cascadeId, sql`node.code = ${code}`, sql`node.code`))[0];
  }

  /** Regions and commissioners that have not answered, those that wait longest first; `limit` of them from a place on. */
  async silent(cascadeId: string, region: string | undefined, limit: number, from: number): Promise<StepTimes[]> {
    return this.times(
      cascadeId,
      sql`node.kind in ('region', 'commissioner') and node.${SILENT}
        and (${region ?? null}::text is null or node.region_code = ${region ?? null})`,
      sql`"askedAt", node.kind, node.code limit ${limit} offset ${from}`,
    );
  }

  /** Names of the contacts that a request to these organisations goes to first. */
  async contactNames(cascadeId: string, codes: readonly string[], most: number): Promise<Map<string, string[]>> {
    const { rows } = await sql<{ code: string; names: string[] }>`
      select contact.code, array_agg(trim(account.first_name || ' ' || account.last_name) order by contact.rank) as names
      from cascade_contact contact join account on account.id = contact.account_id
      where contact.cascade_id = ${cascadeId} and contact.code = any(${[...codes]}::text[]) and contact.rank <= ${most}
        and account.status = 'active' and account.email_normalised is not null
      group by contact.code`.execute(this.db);
    return new Map(rows.map(({ code, names }) => [code, names]));
  }

  /** Organisations of a cascade by code or a part of the name. */
  async find(cascadeId: string, text: string, region: string | undefined, limit: number) {
    return this.db
      .selectFrom('cascade_organisation')
      .select(['code', 'kind', 'name', 'state', 'coverage'])
      .where('cascade_id', '=', cascadeId)
      .$if(region !== undefined, (query) => query.where('region_code', '=', region ?? null))
      .where((is) =>
        is.or([is('code', '=', text.toUpperCase()), isNamed(text, sql`search_fold(replace(name, '.', ''))`)]),
      )
      .orderBy(sql`code <> upper(${text})`)
      .orderBy('kind')
      .orderBy('code')
      .limit(limit)
      .execute();
  }

  /** How many would be asked, about how many practices, and the accounts there that could be written to. */
  async scope({ regions, commissioners, organisations }: TreeScope) {
    const everywhere = regions.length + commissioners.length + organisations.length === 0;
    const { rows } = await sql<{ regions: number; commissioners: number; practices: number; accounts: number }>`
      with node as (
        select practice.code, practice.kind, coalesce(above.region_code, practice.region_code) as region, above.code as commissioner
        from organisation practice
        left join organisation above on above.code = practice.commissioner_code and above.kind = 'commissioner'
          and above.status = 'active'
        where practice.status = 'active' and practice.kind = 'practice' and practice.is_gp_practice
        union all
        select code, kind, case kind when 'region' then code else region_code end, case kind when 'commissioner' then code end
        from organisation where status = 'active' and kind in ('region', 'commissioner')
      ), named as (
        select * from node where ${everywhere} or code = any(${[...organisations]}::text[])
          or commissioner = any(${[...commissioners]}::text[]) or region = any(${[...regions]}::text[])
      ), tree as (
        select * from node where code in (select code from named union select commissioner from named union select region from named)
      )
      select (count(*) filter (where kind = 'region'))::int as regions,
        (count(*) filter (where kind = 'commissioner'))::int as commissioners,
        (count(*) filter (where kind = 'practice'))::int as practices,
        (select count(distinct account.id) from membership join account on account.id = membership.account_id
          join tree on tree.code = membership.organisation_code and tree.kind in ('region', 'commissioner')
          where account.status = 'active' and account.email_normalised is not null)::int as accounts
      from tree`.execute(this.db);
    return rows[0] ?? { regions: 0, commissioners: 0, practices: 0, accounts: 0 };
  }

  private async lines(
    now: Date,
    region: string | undefined,
    which: RawBuilder<unknown>,
    limit: number,
  ): Promise<CascadeLine[]> {
    const { rows } = await sql<CascadeLine>`
      select cascade.id, cascade.name, cascade.campaign_id is null as "isDrill", frozen_at as "frozenAt",
        answer_by as "answerBy", closed_at as "closedAt", counted.*
      from (
        select cascade.* from cascade
        where ${which} and (${region ?? null}::text is null or exists (
          select from cascade_organisation own where own.cascade_id = cascade.id and own.region_code = ${region ?? null}))
        order by frozen_at desc, id desc limit ${limit}
      ) cascade
      cross join lateral (
        select (count(*) filter (where kind = 'practice'))::int as practices,
          (count(*) filter (where coverage = 'confirmed'))::int as confirmed,
          (count(*) filter (where coverage = 'passed-on'))::int as "passedOn",
          (count(*) filter (where kind <> 'practice' and ${SILENT}))::int as "silentSteps",
          (count(*) filter (where kind <> 'practice' and ${SILENT} and cascade.answer_by < ${now}))::int as "lateSteps"
        from cascade_organisation node
        where node.cascade_id = cascade.id and (${region ?? null}::text is null or node.region_code = ${region ?? null})
      ) counted
      order by frozen_at desc, cascade.id desc`.execute(this.db);
    return rows;
  }

  /** A commissioner is passed the message on by its region, and passes it on itself: the second counts here. */
  private async times(cascadeId: string, which: RawBuilder<unknown>, order: RawBuilder<unknown>): Promise<StepTimes[]> {
    const { rows } = await sql<StepTimes>`
      select node.code, node.kind, node.name, node.region_code as "regionCode", node.state, node.answered_late as late,
        coalesce(node.sent_at, cascade.frozen_at) as "askedAt",
        node.sent_at as "sentAt", node.delivered_at as "deliveredAt", node.acknowledged_at as "acknowledgedAt",
        case node.kind when 'practice' then node.passed_on_at else step.passed_on_at end as "passedOnAt", coalesce(node.done_at, node.confirmed_at) as "doneAt",
        node.declined_at as "declinedAt", step.nudged_at as "nudgedAt"
      from cascade_organisation node
      join cascade on cascade.id = node.cascade_id
      left join lateral (
        select min(at) filter (where action = 'pass-on') as passed_on_at, max(at) filter (where action = 'nudge') as nudged_at
        from cascade_step where cascade_step.cascade_id = node.cascade_id and cascade_step.code = node.code
      ) step on true
      where node.cascade_id = ${cascadeId} and ${which}
      order by ${order}`.execute(this.db);
    return rows;
  }
}
