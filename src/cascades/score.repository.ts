import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { dispatchMessages } from '../delivery/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type CascadeTables } from './cascade.tables.js';
import { type TreeKind } from './step.rules.js';

/** `answer` is the first word of any kind. */
export const SCORED_STEPS = ['answer', 'pass-on', 'confirm'] as const;

/** How fast the organisations of one level took one step. */
export interface StepScore {
  readonly kind: TreeKind;
  readonly step: (typeof SCORED_STEPS)[number];
  /** How many were asked for it. */
  readonly asked: number;
  readonly taken: number;
  /** Hours by the clock since each was asked, over those that took the step; null when none did. */
  readonly medianHours: number | null;
  readonly slowestHours: number | null;
  /** Those that were asked and have not taken it so far. */
  readonly never: number;
}

/** Response times, from the steps as they were written down. */
@Injectable()
export class ScoreRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<CascadeTables>) {}

  /**
   * An organisation is asked when the first server takes a message to it (until then: when that is due), and a practice
   * of a cascade when the message is passed on to it. A drill asks for its button and for nothing else.
   */
  async of(cascadeId: string, region?: string): Promise<StepScore[]> {
    const { rows } = await sql<StepScore>`
      with written as (
        select told.code, min(dispatch.due_at) as due_at
        from dispatch
        cross join lateral ${dispatchMessages(sql.ref('dispatch.id'))} as message
        cross join unnest(message.organisation_codes) as told (code)
        where dispatch.campaign_id = ${cascadeId} group by told.code
      ), reopened as (
        select code, max(id) as id from cascade_step
        where cascade_id = ${cascadeId} and action = 'reopen' group by code
      ), passed as (
        -- What was passed on with dates that have moved since was taken back, as its answer was.
        select pass.code, min(pass.at) as at from cascade_step pass
        left join reopened on reopened.code = pass.code
        where pass.cascade_id = ${cascadeId} and pass.action = 'pass-on'
          and (reopened.id is null or pass.id > reopened.id)
        group by pass.code
      ), step as (
        select node.kind, fact.step, fact.taken_at,
          -- Not "greatest", which of null and 0 is 0.
          case when fact.taken_at < fact.asked_at then 0
            else extract(epoch from fact.taken_at - fact.asked_at) / 3600 end as hours
        from cascade_organisation node
        join cascade on cascade.id = node.cascade_id
        left join written on written.code = node.code
        left join passed on passed.code = node.code
        cross join lateral (values
          ('answer', case when cascade.campaign_id is null or node.kind <> 'practice'
            then coalesce(node.sent_at, written.due_at) end, node.answered_at),
          ('pass-on', case when cascade.campaign_id is not null and node.kind <> 'practice'
            then coalesce(node.sent_at, written.due_at) end, passed.at),
          ('confirm', case when cascade.campaign_id is not null and node.kind = 'practice'
            then least(node.passed_on_at, node.written_at) end, coalesce(node.confirmed_at, node.done_at))
        ) as fact (step, asked_at, taken_at)
        where node.cascade_id = ${cascadeId} and fact.asked_at is not null
          -- Follows from the line above; said here, it spares thousands of practices of a drill that asked a hundred.
          and coalesce(node.sent_at, written.due_at, node.passed_on_at, node.written_at) is not null
          and (${region ?? null}::text is null or node.region_code = ${region ?? null})
      )
      select kind, step, count(*)::int as asked, count(taken_at)::int as taken,
        round((percentile_cont(0.5) within group (order by hours))::numeric, 2)::float as "medianHours",
        round(max(hours)::numeric, 2)::float as "slowestHours",
        (count(*) - count(taken_at))::int as never
      from step group by kind, step
      order by array_position(array['region', 'commissioner', 'practice'], kind),
        array_position(${[...SCORED_STEPS]}::text[], step)`.execute(this.db);
    return rows;
  }
}
