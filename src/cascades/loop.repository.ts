import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type CascadeTables } from './cascade.tables.js';
import { type Need } from './contact.rules.js';
import { type TreeSource } from './tree.rules.js';

/** An old account that another one has replaced and that still is active. */
export interface Retirable {
  readonly accountId: string;
  readonly replacedBy: string;
  readonly organisationCodes: string[];
}

/** Compares a frozen cascade with the directory as later imports left it. */
@Injectable()
export class LoopRepository {
  constructor(@InjectDatabase() readonly db: Kysely<CascadeTables>) {}

  /** Notes practices that closed, and those that went to another commissioner. */
  async noteChanges(cascadeId: string, now: Date, trx: Transaction<CascadeTables>): Promise<void> {
    await sql`
      with seen as (
        select node.code, case when organisation.status <> 'active' then 'closed' else 'moved' end as change,
          node.commissioner_code as former, organisation.commissioner_code as present
        from cascade_organisation node
        join organisation on organisation.code = node.code
        where node.cascade_id = ${cascadeId} and node.kind = 'practice' and (
          organisation.status <> 'active' and node.change is distinct from 'closed'
          or organisation.status = 'active' and organisation.commissioner_code is distinct from node.commissioner_code
            and organisation.commissioner_code is distinct from node.moved_to)
      ), changed as (
        update cascade_organisation node
        set change = seen.change, moved_to = case when seen.change = 'moved' then seen.present else node.moved_to end
        from seen where node.cascade_id = ${cascadeId} and node.code = seen.code
      )
      insert into cascade_step (cascade_id, code, action, at, actor, details)
      select ${cascadeId}::uuid, code, case change when 'closed' then 'close' else 'move' end, ${now}::timestamptz,
        'system:cascades', jsonb_build_object('from', former, 'to', present)
      from seen order by code`.execute(trx);
  }

  /** Open practices of commissioners of the tree that the tree does not have. */
  async lateJoiners(cascadeId: string): Promise<TreeSource[]> {
    const { rows } = await sql<TreeSource>`
      select organisation.code, organisation.kind, organisation.name, parent.region_code as "regionCode",
        parent.code as "commissionerCode"
      from organisation
      join cascade_organisation parent on parent.cascade_id = ${cascadeId} and parent.kind = 'commissioner'
        and parent.code = organisation.commissioner_code
      where organisation.is_gp_practice and organisation.status = 'active'
        -- A cascade for single practices takes in no others.
        and exists (select from cascade where id = ${cascadeId} and (campaign_id is null or exists (
          select from campaign where campaign.id = campaign_id and campaign.audience -> 'organisations' = '[]')))
        and not exists (select from cascade_organisation node
          where node.cascade_id = ${cascadeId} and node.code = organisation.code)
      order by organisation.code`.execute(this.db);
    return rows;
  }

  async noteJoined(cascadeId: string, codes: readonly string[], now: Date, trx: Transaction<CascadeTables>) {
    await sql`
      insert into cascade_step (cascade_id, code, action, at, actor)
      select ${cascadeId}::uuid, code, 'join', ${now}::timestamptz, 'system:cascades'
      from unnest(${[...codes]}::text[]) as code`.execute(trx);
  }

  async setAtRisk(cascadeId: string, codes: readonly string[], trx: Transaction<CascadeTables>): Promise<void> {
    await sql`
      update cascade_organisation set at_risk_now = code = any(${[...codes]}::text[])
      where cascade_id = ${cascadeId} and at_risk_now <> (code = any(${[...codes]}::text[]))`.execute(trx);
  }

  /** Accounts whose holder is still to be helped. */
  async openAccounts(cascadeId: string): Promise<string[]> {
    const rows = await this.db
      .selectFrom('cascade_help')
      .select('account_id')
      .distinct()
      .where('cascade_id', '=', cascadeId)
      .where('resolved_at', 'is', null)
      .execute();
    return rows.map(({ account_id }) => account_id);
  }

  /**
   * Accounts that an import after the freezing added, beside an account that needs help: the same full name, an
   * organisation in common, and nobody else of that name there who needs help. Whether they are under NHSmail is for
   * the segments to say.
   */
  async newcomers(cascadeId: string): Promise<{ accountId: string; successor: string }[]> {
    const { rows } = await sql<{ accountId: string; successor: string }>`
      with open as (
        select distinct old.id, old.name_key, membership.organisation_code
        from cascade_help help
        join account old on old.id = help.account_id and old.name_key <> ''
        join membership on membership.account_id = old.id
        where help.cascade_id = ${cascadeId} and help.resolved_at is null
      )
      select min(open.id) as "accountId", fresh.id as successor
      from open
      join account fresh on fresh.name_key = open.name_key and fresh.status = 'active' and fresh.id <> open.id
      join membership on membership.account_id = fresh.id and membership.organisation_code = open.organisation_code
      join cascade on cascade.id = ${cascadeId}
      where fresh.batch_id > coalesce((cascade.snapshot ->> 'accounts')::bigint, 0) and not exists (
        select from import_previous previous
        join import_batch batch on batch.id = previous.batch_id and batch.kind = 'accounts'
        where previous.key = fresh.id
          -- It was there already when the tree was frozen.
          and (previous.before ->> 'batch_id')::bigint <= coalesce((cascade.snapshot ->> 'accounts')::bigint, 0))
      group by fresh.id
      having count(distinct open.id) = 1`.execute(this.db);
    return rows;
  }

  /** Ends each need whose account has a successor that may do at least the same, in every organisation of the old one. */
  async resolveReplaced(
    cascadeId: string,
    successors: readonly { readonly accountId: string; readonly successor: string }[],
    now: Date,
    trx: Transaction<CascadeTables>,
  ): Promise<number> {
    const { numAffectedRows = 0n } = await sql`
      update cascade_help help set resolved_at = ${now}, resolution = 'new-account', replaced_by = pair.successor
      from json_to_recordset(${JSON.stringify(successors)}::json) as pair ("accountId" text, successor text)
      join account fresh on fresh.id = pair.successor and fresh.status = 'active'
      where help.cascade_id = ${cascadeId} and help.account_id = pair."accountId" and help.resolved_at is null
        and not exists (
          select from membership old
          where old.account_id = pair."accountId" and not exists (
            select from membership own
            where own.account_id = pair.successor and own.organisation_code = old.organisation_code
              and own.roles @> old.roles))`.execute(trx);
    return Number(numAffectedRows);
  }

  /** Ends the needs that the newest imports do not show any more. */
  async resolveOthers(
    cascadeId: string,
    needs: readonly { readonly accountId: string; readonly code: string; readonly need: Need }[],
    now: Date,
    trx: Transaction<CascadeTables>,
  ): Promise<number> {
    const { numAffectedRows = 0n } = await sql`
      update cascade_help help set resolved_at = ${now},
        resolution = case when exists (select from account where id = help.account_id and status = 'active')
          then 'corrected' else 'gone' end
      where help.cascade_id = ${cascadeId} and help.resolved_at is null and not exists (
        select from json_to_recordset(${JSON.stringify(needs)}::json) as still ("accountId" text, code text)
        where still."accountId" = help.account_id and still.code = help.code)`.execute(trx);
    return Number(numAffectedRows);
  }

  /** False when the cascade is no longer at the import that it was compared with before. */
  async setChecked(cascadeId: string, from: number, to: number, trx: Transaction<CascadeTables>): Promise<boolean> {
    const { numUpdatedRows } = await trx
      .updateTable('cascade')
      .set({ checked_batch: to })
      .where('id', '=', cascadeId)
      .where('checked_batch', '=', from)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async retirable(cascadeId: string): Promise<Retirable[]> {
    const { rows } = await sql<Retirable>`
      select help.account_id as "accountId", help.replaced_by as "replacedBy",
        array_agg(help.code order by help.code) as "organisationCodes"
      from cascade_help help
      join account on account.id = help.account_id and account.status = 'active'
      where help.cascade_id = ${cascadeId} and help.resolution = 'new-account'
      group by help.account_id, help.replaced_by order by help.account_id`.execute(this.db);
    return rows;
  }
}
