import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { type DeadlinesTables } from '../deadlines/index.js';
import { dispatchMessages, type MessageState } from '../delivery/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type CampaignTables } from './campaign.tables.js';
import { type AllDates, type Told, TOLD_STATES, type ToldDates } from './correction.rules.js';

interface CorrectionTables extends CampaignTables, Pick<DeadlinesTables, 'declaration_window'> {
  window_correction: { window_id: string; version: number; handled_at: Date; campaign_id: string | null };
}
interface ToldRow {
  accountId: string;
  paymentStaleAt: Date | null;
  payment: ToldDates | null;
  paymentCurrentAt: Date | null;
  signInStaleAt: Date | null;
  signIn: string | null;
  signInCurrentAt: Date | null;
}
/** Names of the templates that tell the one, the other, or both. */
export interface TellingTemplates {
  readonly payment: readonly string[];
  readonly signIn: readonly string[];
}
export type CorrectionTrx = Transaction<CorrectionTables>;

const CERTAIN: readonly MessageState[] = ['accepted', 'complained'];

@Injectable()
export class CorrectionRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<CorrectionTables>) {}

  /** Runs the work while nobody else brings this window's campaigns in line. */
  async alone<T>(windowId: string, work: (trx: CorrectionTrx) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(hashtext('window-correction'), hashtext(${windowId}))`.execute(trx);
      return work(trx);
    });
  }

  /** Windows that were changed and whose campaigns nobody has brought in line yet; past the PCSE date nothing can be. */
  async unhandled(now: Date): Promise<string[]> {
    const rows = await this.db
      .selectFrom('declaration_window as window')
      .select('id')
      .where('version', '>', 1)
      .where('pcse_at', '>', now)
      .where((where) =>
        where.not(
          where.exists(
            where
              .selectFrom('window_correction as handled')
              .select('handled.version')
              .whereRef('handled.window_id', '=', 'window.id')
              .whereRef('handled.version', '=', 'window.version'),
          ),
        ),
      )
      .execute();
    return rows.map(({ id }) => id);
  }

  async handled(
    windowId: string,
    version: number,
    trx: CorrectionTrx,
  ): Promise<{ campaignId: string | null } | undefined> {
    return trx
      .selectFrom('window_correction')
      .select('campaign_id as campaignId')
      .where('window_id', '=', windowId)
      .where('version', '=', version)
      .executeTakeFirst();
  }

  /** The newest version that the campaigns follow; a new window has version 1. */
  async lastHandled(windowId: string, trx: CorrectionTrx): Promise<number> {
    const { version } = await trx
      .selectFrom('window_correction')
      .select((of) => of.fn.max<number | null>('version').as('version'))
      .where('window_id', '=', windowId)
      .executeTakeFirstOrThrow();
    return version ?? 1;
  }

  async setHandled(
    row: { windowId: string; version: number; campaignId: string | null },
    now: Date,
    trx: CorrectionTrx,
  ): Promise<void> {
    const { windowId, version, campaignId } = row;
    await trx
      .insertInto('window_correction')
      .values({ window_id: windowId, version, handled_at: now, campaign_id: campaignId })
      .execute();
  }

  /** Dispatches of the window's campaigns that could still send, and say other dates than these. */
  async liveDispatchesWithOtherDates(windowId: string, dates: AllDates): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select dispatch.id from dispatch join campaign on campaign.id = dispatch.campaign_id
      where campaign.window_id = ${windowId} and dispatch.state in ('waiting', 'running', 'paused')
        and dispatch.shared_values -> 'window' <> ${JSON.stringify(dates)}::jsonb`.execute(this.db);
    return rows.map(({ id }) => id);
  }

  /**
   * What each account was told about the window, whatever became of the campaigns, by messages of the templates that
   * tell its payment dates and the day of the sign-in change. The dates are those that the dispatch put into its
   * messages, so they are right however often the window moved.
   */
  async told(windowId: string, now: AllDates, templates: TellingTemplates): Promise<Map<string, Told>> {
    const { signInChange = null, ...payment } = now;
    const { rows } = await sql<ToldRow>`
      with said as (
        select dispatch.id, dates - 'signInChange' as payment, dates ->> 'signInChange' as sign_in
        from campaign
        join dispatch on dispatch.campaign_id = campaign.id
        cross join lateral (select dispatch.shared_values -> 'window' as dates)
        where campaign.window_id = ${windowId}
      ), told as (
        select unnest(message.account_ids) as account_id, said.payment, said.sign_in,
          coalesce(message.accepted_at, message.state_changed_at) as at,
          message.state = any(${[...CERTAIN]}::message_state[]) as certain,
          case when message.template = any(${[...templates.payment]})
            then said.payment = ${JSON.stringify(payment)}::jsonb end as payment_holds,
          case when message.template = any(${[...templates.signIn]})
            then said.sign_in is not distinct from ${signInChange}::text end as sign_in_holds
        from said
        cross join lateral ${dispatchMessages(sql.ref('said.id'))} as message
        where message.template = any(${[...templates.payment, ...templates.signIn]})
          and message.state = any(${[...TOLD_STATES]}::message_state[])
      )
      select account_id as "accountId",
        max(at) filter (where not payment_holds) as "paymentStaleAt",
        (array_agg(payment order by at desc) filter (where not payment_holds))[1] as payment,
        max(at) filter (where payment_holds and certain) as "paymentCurrentAt",
        max(at) filter (where not sign_in_holds and sign_in is not null) as "signInStaleAt",
        (array_agg(sign_in order by at desc) filter (where not sign_in_holds and sign_in is not null))[1] as "signIn",
        max(at) filter (where sign_in_holds and certain) as "signInCurrentAt"
      from told group by account_id`.execute(this.db);
    return new Map(rows.map((row) => [row.accountId, toldOf(row)]));
  }

  /**
   * The accounts and the topic of every message that has left of the campaign, and of those for whoever it did not reach,
   * as `<account> <topic>`. By account: the key of a person is another one once their address is put right.
   */
  async toldByCampaign(campaignId: string): Promise<Set<string>> {
    const { rows } = await sql<{ place: string }>`
      select distinct unnest(message.account_ids) || ' ' || split_part(message.purpose, ':', 3) as place
      from campaign
      join dispatch on dispatch.campaign_id = campaign.id
      cross join lateral ${dispatchMessages(sql.ref('dispatch.id'))} as message
      where (campaign.id = ${campaignId} or campaign.remainder_of = ${campaignId})
        and message.state = any(${[...TOLD_STATES]}::message_state[])`.execute(this.db);
    return new Set(rows.map(({ place }) => place));
  }
}

function toldOf(row: ToldRow): Told {
  const { paymentStaleAt, payment, paymentCurrentAt, signInStaleAt, signIn, signInCurrentAt } = row;
  return {
    payment: { stale: paymentStaleAt && payment && { at: paymentStaleAt, said: payment }, currentAt: paymentCurrentAt },
    signIn: {
      stale: signInStaleAt && signIn !== null ? { at: signInStaleAt, said: signIn } : null,
      currentAt: signInCurrentAt,
    },
  };
}
