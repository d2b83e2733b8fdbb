import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type CascadeTables } from './cascade.tables.js';
import { type Contact, type Need } from './contact.rules.js';
import { type EscalationPolicy } from './escalation.rules.js';
import { TREE_KINDS, type TreeKind } from './step.rules.js';
import { type TreeNode, type TreeSource } from './tree.rules.js';

export interface NewCascade {
  readonly id: string;
  readonly name: string;
  readonly campaignId: string | null;
  readonly planHash: string | null;
  readonly policy: EscalationPolicy;
  readonly frozenAt: Date;
  readonly answerBy: Date;
  readonly linksExpireAt: Date;
  readonly imports: Imports;
}

/** The newest import of each kind, and of all. */
export interface Imports {
  readonly byKind: Readonly<Record<string, number>>;
  readonly newest: number;
}

export interface FrozenNode extends TreeNode {
  readonly hasContacts: boolean;
  readonly atRisk: boolean;
  readonly joinedLate: boolean;
}

/** Reads the directory for a tree, and writes the tree. */
@Injectable()
export class FreezeRepository {
  constructor(@InjectDatabase() readonly db: Kysely<CascadeTables>) {}

  /** The open regions, commissioners and GP practices of England; or only those kinds. */
  async organisations(kinds: readonly TreeKind[] = TREE_KINDS): Promise<TreeSource[]> {
    const { rows } = await sql<TreeSource>`
      select code, kind, name, region_code as "regionCode", commissioner_code as "commissionerCode"
      from organisation
      where status = 'active' and kind = any(${[...kinds]}::text[]) and (kind <> 'practice' or is_gp_practice)
      order by code`.execute(this.db);
    return rows;
  }

  async imports(): Promise<Imports> {
    const { rows } = await sql<{ kind: string; id: number }>`
      select kind, max(id) as id from import_batch group by kind order by kind`.execute(this.db);
    return {
      byKind: Object.fromEntries(rows.map(({ kind, id }) => [kind, id])),
      newest: Math.max(0, ...rows.map(({ id }) => id)),
    };
  }

  /** False when the cascade is there already; a second caller waits here until the first has committed. */
  async addCascade(cascade: NewCascade, trx: Transaction<CascadeTables>): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await trx
      .insertInto('cascade')
      .values({
        id: cascade.id,
        name: cascade.name,
        campaign_id: cascade.campaignId,
        plan_hash: cascade.planHash,
        policy: JSON.stringify(cascade.policy),
        snapshot: JSON.stringify(cascade.imports.byKind),
        frozen_at: cascade.frozenAt,
        answer_by: cascade.answerBy,
        links_expire_at: cascade.linksExpireAt,
        checked_batch: cascade.imports.newest,
        closed_at: null,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0n;
  }

  async addOrganisations(id: string, nodes: readonly FrozenNode[], trx: Transaction<CascadeTables>): Promise<void> {
    await sql`
      insert into cascade_organisation (cascade_id, code, kind, name, region_code, commissioner_code, joined_late,
        has_contacts, reachable, at_risk_before, at_risk_now)
      select ${id}::uuid, code, kind, name, "regionCode", "commissionerCode", "joinedLate",
        "hasContacts", "hasContacts", "atRisk", "atRisk"
      from json_to_recordset(${JSON.stringify(nodes)}::json) as row (code text, kind text, name text, "regionCode" text,
        "commissionerCode" text, "joinedLate" boolean, "hasContacts" boolean, "atRisk" boolean)`.execute(trx);
  }

  async addContacts(
    id: string,
    contacts: readonly (Contact & { readonly code: string; readonly rank: number })[],
    trx: Transaction<CascadeTables>,
  ): Promise<void> {
    await sql`
      insert into cascade_contact (cascade_id, code, rank, account_id, person_key, duties, is_shared)
      select ${id}::uuid, code, rank, "accountId", "personKey", duties, "isShared"
      from json_to_recordset(${JSON.stringify(contacts)}::json) as row (code text, rank smallint, "accountId" text,
        "personKey" text, duties text[], "isShared" boolean)`.execute(trx);
  }

  /** Needs that are listed already keep what was written about them. */
  async addNeeds(
    id: string,
    needs: readonly { readonly accountId: string; readonly code: string; readonly need: Need }[],
    trx: Transaction<CascadeTables>,
  ): Promise<void> {
    await sql`
      insert into cascade_help (cascade_id, account_id, code, need)
      select ${id}::uuid, "accountId", code, need
      from json_to_recordset(${JSON.stringify(needs)}::json) as row ("accountId" text, code text, need text)
      on conflict do nothing`.execute(trx);
  }

  /** Campaigns that ask for a cascade, are past approval and have no tree yet. */
  async campaignsWithoutTree(): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select id from campaign
      where kind = 'cascade-request' and approved_hash is not null
        and state in ('approved', 'scheduled', 'sending', 'paused', 'finished')
        and not exists (select from cascade where cascade.id = campaign.id)
      order by created_at`.execute(this.db);
    return rows.map(({ id }) => id);
  }
}
