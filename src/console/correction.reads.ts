import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { type CampaignKind, type CampaignState, type ToldDates } from '../campaigns/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type ConsoleTables } from './console.tables.js';

/** Dates that people hold to be true and that are wrong, with how many people do. */
export interface WronglyTold extends ToldDates {
  readonly people: number;
}

/** What a window's messages and cascades have told. */
@Injectable()
export class CorrectionReads {
  constructor(@InjectDatabase() private readonly db: Kysely<ConsoleTables>) {}

  /**
   * Who was told other dates than these last, by messages of these templates, and has not certainly had these since;
   * the dates that most people were told first. A message on the wire may have arrived, so it counts as told.
   */
  async wronglyTold(windowId: string, dates: ToldDates, templates: readonly string[]): Promise<WronglyTold[]> {
    const { rows } = await sql<WronglyTold>`
      with told as (
        select message.person_key, dispatch.shared_values -> 'window' as dates,
          coalesce(delivery.accepted_at, delivery.state_changed_at) as at, delivery.state in ('accepted', 'complained') as certain,
          dispatch.shared_values -> 'window' @> ${JSON.stringify(dates)}::jsonb as right_ones
        from campaign
        join dispatch on dispatch.campaign_id = campaign.id
        join message on message.dispatch_id = dispatch.id
        join delivery on delivery.dispatch_id = message.dispatch_id and delivery.ordinal = message.ordinal
        where campaign.window_id = ${windowId} and delivery.state in ('accepted', 'complained', 'unknown', 'sending')
          and message.template = any(${[...templates]}::text[])
      ), person as (
        select person_key, max(at) filter (where not right_ones) as wrong_at,
          (array_agg(dates order by at desc) filter (where not right_ones))[1] as wrong,
          max(at) filter (where right_ones and certain) as right_at
        from told group by person_key
      )
      select wrong ->> 'cutoff' as cutoff, wrong ->> 'reopening' as reopening, wrong ->> 'pcse' as pcse, count(*)::int as people
      from person where wrong is not null and (right_at is null or right_at < wrong_at)
      group by 1, 2, 3 order by people desc, cutoff`.execute(this.db);
    return rows;
  }

  /** Campaigns whose approval is for the dates that the window has now. */
  async approved(windowId: string) {
    const { rows } = await sql<{ id: string; name: string; kind: CampaignKind; state: CampaignState }>`
      select id, name, kind, state from campaign
      where window_id = ${windowId} and state in ('approved', 'scheduled', 'sending', 'paused')
      order by created_at, id`.execute(this.db);
    return rows;
  }

  /** E-mails that are planned with the present dates and have not left. */
  async unsent(windowId: string): Promise<number> {
    const { rows } = await sql<{ messages: number }>`
      select count(*)::int as messages from campaign
      join dispatch on dispatch.campaign_id = campaign.id
      join delivery on delivery.dispatch_id = dispatch.id
      where campaign.window_id = ${windowId} and delivery.state in ('planned', 'queued', 'deferred')`.execute(this.db);
    return rows[0]?.messages ?? 0;
  }

  /** How far cascades have carried the present dates: regions and commissioners asked, practices reached. */
  async cascadeSteps(windowId: string): Promise<{ cascades: number; asked: number; practices: number }> {
    const { rows } = await sql<{ cascades: number; asked: number; practices: number }>`
      select count(distinct node.cascade_id)::int as cascades,
        (count(*) filter (where node.kind <> 'practice'))::int as asked,
        (count(*) filter (where node.kind = 'practice'))::int as practices
      from campaign join cascade_organisation node on node.cascade_id = campaign.id
      where campaign.window_id = ${windowId} and (node.kind <> 'practice' and (sent_at is not null or answered_at is not null)
        or node.kind = 'practice' and (passed_on_at is not null or written_at is not null or answered_at is not null))`.execute(
      this.db,
    );
    return rows[0] ?? { cascades: 0, asked: 0, practices: 0 };
  }
}
