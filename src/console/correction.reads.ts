import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { type CampaignKind, type CampaignState } from '../campaigns/index.js';
import { dispatchMessages } from '../delivery/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type ConsoleTables } from './console.tables.js';

/** What a window's messages and cascades have told. */
@Injectable()
export class CorrectionReads {
  constructor(@InjectDatabase() private readonly db: Kysely<ConsoleTables>) {}

  /** The accounts of everybody to whom a message about the window was planned, person by person. */
  async recipients(windowId: string): Promise<{ accountIds: string[] }[]> {
    const { rows } = await sql<{ accountIds: string[] }>`
      select array_agg(distinct account_id) as "accountIds"
      from campaign
      join dispatch on dispatch.campaign_id = campaign.id
      cross join lateral ${dispatchMessages(sql.ref('dispatch.id'))} as message
      cross join unnest(message.account_ids) as account_id
      where campaign.window_id = ${windowId}
      group by message.person_key`.execute(this.db);
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

  /** Emails that are planned with the present dates and have not left. */
  async unsent(windowId: string): Promise<number> {
    const { rows } = await sql<{ messages: number }>`
      select coalesce(sum(messages), 0)::int as messages from campaign
      join dispatch on dispatch.campaign_id = campaign.id
      join delivery_tally on delivery_tally.dispatch_id = dispatch.id
      where campaign.window_id = ${windowId} and delivery_tally.state in ('planned', 'queued', 'deferred')`.execute(
      this.db,
    );
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
