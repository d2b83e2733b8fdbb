import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { TOLD_STATES } from '../campaigns/index.js';
import { dispatchMessages } from '../delivery/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type CascadeTables } from './cascade.tables.js';

/**
 * The mailings that told a cascade its dates: its own, and the corrections of its window. `current` are those whose
 * dates are the window's dates now.
 */
export const mailingsOf = (cascadeId: string) => sql`
  select dispatch.id, dispatch.created_at, dispatch.expires_at, dispatch.shared_values, own.state as campaign_state,
    dispatch.shared_values -> 'window' = present.dates as current
  from campaign own
  cross join lateral (
    select jsonb_strip_nulls(jsonb_build_object('cutoff', to_char(cutoff, 'YYYY-MM-DD"T"HH24:MI'),
      'reopening', to_char(reopening, 'YYYY-MM-DD'), 'pcse', to_char(pcse, 'YYYY-MM-DD'),
      'signInChange', to_char(sign_in_change, 'YYYY-MM-DD'))) as dates
    from declaration_window where id = own.window_id
  ) as present
  join campaign on campaign.id = own.id or (campaign.window_id = own.window_id and campaign.kind = 'correction')
  join dispatch on dispatch.campaign_id = campaign.id
  where own.id = ${cascadeId}`;

/** Takes back what was answered on dates that have moved. */
@Injectable()
export class ReopeningRepository {
  constructor(@InjectDatabase() readonly db: Kysely<CascadeTables>) {}

  async hasOldDates(cascadeId: string): Promise<boolean> {
    const { rows } = await sql`
      select from (${mailingsOf(cascadeId)}) as mailing where not current limit 1`.execute(this.db);
    return rows.length > 0;
  }

  /**
   * Puts exactly those back to "sent, no answer" that answered, passed on or were passed a message with other dates than
   * the window has now, and have not been told the present ones before that. An organisation holds the dates of its own
   * newest message, or of whoever passed the message on to it. What was declined was declined whatever the date.
   */
  async reopen(cascadeId: string, now: Date, trx: Transaction<CascadeTables>): Promise<number> {
    const { numAffectedRows = 0n } = await sql`
      with mailing as (${mailingsOf(cascadeId)}), told as (
        select code, max(at) filter (where not current) as old_at, max(at) filter (where current) as new_at,
          (array_agg(dates order by at desc) filter (where not current))[1] as dates
        from (
          select unnest(message.organisation_codes) as code, mailing.current,
            mailing.shared_values -> 'window' as dates, coalesce(message.accepted_at, message.state_changed_at) as at
          from mailing
          cross join lateral ${dispatchMessages(sql.ref('mailing.id'))} as message
          where message.state = any(${[...TOLD_STATES]}::message_state[])
        ) as message
        group by code
      ), misled as (
        select code, dates, case when new_at > old_at then new_at else 'infinity' end as until
        from told where old_at is not null
      ), wrong as (
        select node.code, node.state, coalesce(own.dates, teller.dates) as dates
        from cascade_organisation node
        left join misled own on own.code = node.code
        left join misled teller on teller.code = node.passed_on_by
        where node.cascade_id = ${cascadeId} and node.state <> 'declined' and greatest(node.answered_at,
          node.acknowledged_at, node.passed_on_at, node.confirmed_at, node.done_at, node.written_at)
          < greatest(own.until, teller.until)
      ), reopened as (
        update cascade_organisation node set
          state = case when node.delivered_at is not null then 'delivered' when node.sent_at is not null then 'sent'
            else 'waiting' end,
          answered_at = null, answered_late = false, acknowledged_at = null, passed_on_at = null, passed_on_by = null,
          confirmed_at = null, done_at = null, direct_reason = null, written_at = null, rung = 0, rung_at = null
        from wrong where node.cascade_id = ${cascadeId} and node.code = wrong.code
      )
      insert into cascade_step (cascade_id, code, action, at, actor, details)
      select ${cascadeId}::uuid, code, 'reopen', ${now}::timestamptz, 'system:cascades',
        jsonb_build_object('from', state, 'told', dates)
      from wrong order by code`.execute(trx);
    return Number(numAffectedRows);
  }

  /** Whoever is asked again has the usual time for it. */
  async setAnswerBy(cascadeId: string, answerBy: Date): Promise<void> {
    await this.db.updateTable('cascade').set({ answer_by: answerBy }).where('id', '=', cascadeId).execute();
  }
}
