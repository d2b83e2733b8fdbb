import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { dispatchMessages } from '../delivery/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { addressedAs } from '../shared/person-name.js';
import { TOP_DOWN } from './cascade.repository.js';
import { type CascadeTables } from './cascade.tables.js';
import { type DueRung, type Owing } from './escalation.rules.js';
import { mailingsOf } from './reopening.repository.js';
import { ANSWERS, type TreeKind } from './step.rules.js';

/** The mailing that a cascade began with: what its later messages share with it. */
export interface Launch {
  readonly sharedValues: Readonly<Record<string, unknown>>;
  readonly expiresAt: Date | null;
  readonly campaignState: string;
  /** When the request, or its correction, first said the dates of now. */
  readonly at: Date;
}

/** Somebody who can be written to now, with the names to call them by. */
export interface Addressee {
  readonly code: string;
  readonly rank: number;
  readonly accountId: string;
  readonly personKey: string;
  readonly firstName: string;
  readonly fullName: string;
  readonly address: string;
}

/** What a message about an organisation says: counts, never people. */
export interface OrganisationFigures {
  readonly code: string;
  readonly kind: TreeKind;
  readonly name: string;
  readonly regionCode: string | null;
  readonly commissionerCode: string | null;
  readonly linkGeneration: number;
  readonly atRisk: boolean;
  /** Accounts there whose holder still needs help. */
  readonly peopleToHelp: number;
  readonly passedOn: boolean;
}

/** Reads what escalation needs, and writes down what it did. */
@Injectable()
export class EscalationRepository {
  constructor(@InjectDatabase() readonly db: Kysely<CascadeTables>) {}

  /** Undefined as long as nothing was dispatched that says the window's dates of now. */
  async launch(cascadeId: string): Promise<Launch | undefined> {
    const { rows } = await sql<Launch>`
      with mailing as (${mailingsOf(cascadeId)})
      select shared_values as "sharedValues", expires_at as "expiresAt", campaign_state as "campaignState",
        created_at as at
      from mailing
      where current and created_at > coalesce((select max(created_at) from mailing where not current), '-infinity')
      order by created_at, id limit 1`.execute(this.db);
    return rows[0];
  }

  /**
   * Takes over from the ledger what is known of the messages to each organisation: sent when a server took one;
   * delivered when an hour later none of its bounces had come; undeliverable when none can arrive any more.
   */
  async observeDelivery(cascadeId: string, now: Date): Promise<void> {
    await this.db.transaction().execute(async (trx) => {
      await sql`
        with seen as (
          select told.code, min(message.accepted_at) as sent_at,
            min(message.accepted_at) filter (where message.state = 'accepted'
              and message.accepted_at <= ${now}::timestamptz - interval '1 hour') as delivered_at,
            bool_and(message.state in ('bounced', 'failed', 'expired', 'suppressed', 'cancelled')) as dead
          from dispatch
          cross join lateral ${dispatchMessages(sql.ref('dispatch.id'))} as message
          cross join unnest(message.organisation_codes) as told (code)
          where dispatch.campaign_id = ${cascadeId}
          group by told.code
        ), changed as (
          update cascade_organisation node set
            sent_at = coalesce(node.sent_at, seen.sent_at),
            delivered_at = case when seen.dead then null else coalesce(node.delivered_at, seen.delivered_at) end,
            undeliverable_at = case when seen.dead then coalesce(node.undeliverable_at, ${now}::timestamptz) end,
            state = case
              when node.state not in ('waiting', 'sent', 'delivered', 'undeliverable') then node.state
              when seen.dead then 'undeliverable'
              when coalesce(node.delivered_at, seen.delivered_at) is not null then 'delivered'
              when coalesce(node.sent_at, seen.sent_at) is not null then 'sent'
              else node.state end
          from seen
          where node.cascade_id = ${cascadeId} and node.code = seen.code and (
            node.sent_at is null and seen.sent_at is not null
            or not seen.dead and node.delivered_at is null and seen.delivered_at is not null
            or seen.dead <> (node.undeliverable_at is not null))
          returning node.code, node.sent_at, node.delivered_at, node.undeliverable_at
        )
        insert into cascade_step (cascade_id, code, action, at, actor)
        select ${cascadeId}::uuid, changed.code, fact.action, fact.at, 'system:cascades'
        from changed cross join lateral (values
          ('sent', changed.sent_at), ('delivered', changed.delivered_at), ('undeliverable', changed.undeliverable_at)
        ) as fact (action, at)
        where fact.at is not null and not exists (
          select from cascade_step step
          where step.cascade_id = ${cascadeId} and step.code = changed.code and step.action = fact.action
            and step.at = fact.at)
        order by fact.at, changed.code`.execute(trx);
    });
  }

  /**
   * Regions and commissioners that have not answered or have declined, and those that have answered and have not passed
   * the request on to everybody below, late joiners among them. Nobody was asked before `launchedAt`.
   */
  async owing(cascadeId: string, launchedAt: Date): Promise<Owing[]> {
    const { rows } = await sql<Owing>`
      with untold as (
        select case when kind = 'commissioner' then region_code else coalesce(moved_to, commissioner_code) end as parent,
          max((select max(at) from cascade_step joined where child.joined_late and joined.cascade_id = child.cascade_id
            and joined.code = child.code and joined.action = 'join')) as joined_at
        from cascade_organisation child
        where cascade_id = ${cascadeId} and kind in ('commissioner', 'practice') and passed_on_at is null
          and answered_at is null and written_at is null and direct_reason is null and change is distinct from 'closed'
        group by 1
      )
      select node.code, node.kind, node.state, node.rung, node.rung_at as "rungAt",
        case when node.state = 'declined' then node.declined_at
          when node.state in ('acknowledged', 'passed-on') then greatest(untold.joined_at, answer.at)
          else greatest(coalesce(node.sent_at, cascade.frozen_at), ${launchedAt}::timestamptz) end as since
      from cascade_organisation node
      join cascade on cascade.id = node.cascade_id
      left join untold on untold.parent = node.code
      left join lateral (
        select max(at) as at from cascade_step step
        where step.cascade_id = node.cascade_id and step.code = node.code and step.action = any(${[...ANSWERS]}::text[])
      ) answer on node.state in ('acknowledged', 'passed-on')
      where node.cascade_id = ${cascadeId} and node.kind in ('region', 'commissioner') and (
        node.state in ('waiting', 'sent', 'delivered', 'undeliverable', 'declined')
        or node.state in ('acknowledged', 'passed-on') and untold.parent is not null)
      order by node.code`.execute(this.db);
    return rows;
  }

  /** Contacts with a registered address, in the order in which they are turned to. */
  async addressees(
    cascadeId: string,
    codes: readonly string[],
    db: Kysely<CascadeTables> = this.db,
  ): Promise<Addressee[]> {
    const { rows } = await sql<Addressee>`
      select contact.code, contact.rank, contact.account_id as "accountId", contact.person_key as "personKey",
        account.first_name as "firstName", trim(account.first_name || ' ' || account.last_name) as "fullName",
        account.email_normalised as address
      from cascade_contact contact
      join account on account.id = contact.account_id
      where contact.cascade_id = ${cascadeId} and contact.code = any(${[...codes]}::text[])
        and account.status = 'active' and account.email_normalised is not null
      order by contact.code, contact.rank`.execute(db);
    return rows.map(({ firstName, fullName, ...rest }) => ({
      ...rest,
      firstName: addressedAs(firstName),
      fullName: addressedAs(fullName),
    }));
  }

  /** Every organisation of the tree that is still open. */
  async figures(cascadeId: string, db: Kysely<CascadeTables> = this.db): Promise<OrganisationFigures[]> {
    const { rows } = await sql<OrganisationFigures>`
      select node.code, node.kind, node.name, node.region_code as "regionCode",
        node.commissioner_code as "commissionerCode", node.link_generation as "linkGeneration",
        node.at_risk_now as "atRisk", coalesce(help.people, 0)::int as "peopleToHelp",
        node.passed_on_at is not null or node.confirmed_at is not null as "passedOn"
      from cascade_organisation node
      left join (
        select code, count(*) as people from cascade_help
        where cascade_id = ${cascadeId} and resolved_at is null group by code
      ) help on help.code = node.code
      where node.cascade_id = ${cascadeId} and node.change is distinct from 'closed'
      order by node.code`.execute(db);
    return rows;
  }

  /**
   * Whether all of them still stand where they were seen: nobody has answered, and no other scheduler has taken a rung.
   * They stay so until the end of the transaction.
   */
  async lockUnchanged(cascadeId: string, seen: readonly Owing[], trx: Transaction<CascadeTables>): Promise<boolean> {
    const { rows } = await sql`
      select from cascade_organisation node
      join json_to_recordset(${JSON.stringify(seen)}::json) as seen (code text, state text, rung smallint,
        "rungAt" timestamptz) using (code)
      where cascade_id = ${cascadeId} and node.state = seen.state and node.rung = seen.rung
        and node.rung_at is not distinct from seen."rungAt"
      order by ${TOP_DOWN} for update of node`.execute(trx);
    return rows.length === seen.length;
  }

  async recordRung(
    cascadeId: string,
    { code, rung, target, cause }: DueRung,
    { purpose, messages, at }: { purpose: string; messages: number; at: Date },
    trx: Transaction<CascadeTables>,
  ): Promise<void> {
    await trx
      .updateTable('cascade_organisation')
      // A rung that found nobody costs no time: the next one counts from the one before.
      .set({ rung, ...(messages > 0 && { rung_at: at }) })
      .where('cascade_id', '=', cascadeId)
      .where('code', '=', code)
      .execute();
    await trx
      .insertInto('cascade_escalation')
      .values({ cascade_id: cascadeId, code, rung, target, purpose, at, messages, stopped_at: null })
      .execute();
    await trx
      .insertInto('cascade_step')
      .values({
        cascade_id: cascadeId,
        code,
        action: 'escalate',
        at,
        actor: 'system:cascades',
        details: JSON.stringify({ to: target, messages, cause }),
      })
      .execute();
  }

  /** The service is to write to those of the commissioner's practices that nobody passed the message on to. */
  async writeDirectlyTo(cascadeId: string, commissioner: string, trx: Transaction<CascadeTables>): Promise<number> {
    const { numUpdatedRows } = await trx
      .updateTable('cascade_organisation')
      .set({ direct_reason: 'silence' })
      .where('cascade_id', '=', cascadeId)
      .where('commissioner_code', '=', commissioner)
      .where('kind', '=', 'practice')
      .where('passed_on_at', 'is', null)
      .where('confirmed_at', 'is', null)
      .where('direct_reason', 'is', null)
      .where('written_at', 'is', null)
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  /** Practices that the service is to write to itself and has not written to; held until the end of the transaction. */
  async lockToWriteTo(cascadeId: string, limit: number, trx: Transaction<CascadeTables>): Promise<string[]> {
    const rows = await trx
      .selectFrom('cascade_organisation')
      .select('code')
      .where('cascade_id', '=', cascadeId)
      .where('direct_reason', 'is not', null)
      .where('written_at', 'is', null)
      .where('answered_at', 'is', null)
      .where((where) => where.or([where('change', 'is', null), where('change', '=', 'moved')]))
      .orderBy('code')
      .limit(limit)
      .forUpdate()
      .execute();
    return rows.map(({ code }) => code);
  }

  async markWritten(
    cascadeId: string,
    codes: readonly string[],
    { purpose, at }: { purpose: string; at: Date },
    trx: Transaction<CascadeTables>,
  ): Promise<void> {
    await sql`
      with written as (
        update cascade_organisation set written_at = ${at}
        where cascade_id = ${cascadeId} and code = any(${[...codes]}::text[])
        returning code
      ), noted as (
        insert into cascade_escalation (cascade_id, code, rung, target, purpose, at, messages)
        select ${cascadeId}::uuid, code, 1, 'practices', ${purpose}, ${at}::timestamptz, 1 from written
      )
      insert into cascade_step (cascade_id, code, action, at, actor, details)
      select ${cascadeId}::uuid, code, 'escalate', ${at}::timestamptz, 'system:cascades', '{"to": "practices"}'
      from written order by code`.execute(trx);
  }

  /**
   * Escalations all of whose organisations have answered since, as the purposes of their messages; of messages to
   * practices, as the practices. Marked, so that each is returned once.
   * @param about only those that are about this organisation, among others.
   */
  async takeAnswered(
    cascadeId: string,
    now: Date,
    about: string | undefined,
    trx: Transaction<CascadeTables>,
  ): Promise<{ purposes: string[]; practices: string[] }> {
    const concerned = sql`escalation.purpose in (select purpose from cascade_escalation
      where cascade_id = ${cascadeId} and code = ${about ?? null} and stopped_at is null)`;
    const { rows } = await sql<{ purpose: string; practice: string | null }>`
      with open as (
        select escalation.purpose, case when node.kind = 'practice' then node.code end as practice,
          exists (
            select from cascade_step step
            where step.cascade_id = escalation.cascade_id and step.code = escalation.code and step.at >= escalation.at
              and step.action = any(${[...ANSWERS]}::text[])) as answered
        from cascade_escalation escalation
        join cascade_organisation node on node.cascade_id = escalation.cascade_id and node.code = escalation.code
        where escalation.cascade_id = ${cascadeId} and escalation.stopped_at is null
          and ${about === undefined ? sql`true` : concerned}
      ), answered as (
        select purpose, practice from open group by purpose, practice having bool_and(answered)
      ), stopped as (
        update cascade_escalation set stopped_at = ${now}
        from answered
        where cascade_escalation.cascade_id = ${cascadeId} and cascade_escalation.purpose = answered.purpose
          and (answered.practice is null or cascade_escalation.code = answered.practice)
      )
      select purpose, practice from answered order by purpose, practice`.execute(trx);
    return {
      purposes: rows.flatMap(({ purpose, practice }) => (practice === null ? [purpose] : [])),
      practices: rows.flatMap(({ practice }) => practice ?? []),
    };
  }
}
