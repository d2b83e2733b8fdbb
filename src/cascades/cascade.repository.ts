import { Injectable } from '@nestjs/common';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import {
  type CascadeOrganisationTable,
  type CascadeStepTable,
  type CascadeTable,
  type CascadeTables,
  type StepDetails,
} from './cascade.tables.js';
import { type StepAction } from './step.rules.js';

export type CascadeRow = Selectable<CascadeTable>;
export type OrganisationRow = Selectable<CascadeOrganisationTable>;
export type StepRow = Selectable<CascadeStepTable>;

export interface NewStep {
  readonly cascadeId: string;
  readonly code: string;
  readonly action: StepAction;
  readonly at: Date;
  readonly late?: boolean;
  readonly actor: string;
  readonly details?: StepDetails;
}

export type OrganisationPatch = Partial<
  Pick<
    OrganisationRow,
    | 'state'
    | 'answered_at'
    | 'answered_late'
    | 'acknowledged_at'
    | 'passed_on_at'
    | 'confirmed_at'
    | 'done_at'
    | 'declined_at'
    | 'direct_reason'
    | 'link_generation'
    | 'rung'
    | 'rung_at'
    | 'commissioner_code'
    | 'region_code'
  >
>;

type Db = Kysely<CascadeTables>;

/** Whoever locks several organisations takes them in this order, as an answer does: who answers, then those below. */
export const TOP_DOWN = sql`case kind when 'region' then 1 when 'commissioner' then 2 else 3 end, code`;

/** A cascade, its organisations and what happened to them. */
@Injectable()
export class CascadeRepository {
  constructor(@InjectDatabase() readonly db: Db) {}

  async find(id: string): Promise<CascadeRow | undefined> {
    return this.db.selectFrom('cascade').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Newest first, `limit` of them before the given place; with a region, those that have it in their tree. */
  async list(limit: number, before?: { frozenAt: Date; id: string }, region?: string): Promise<CascadeRow[]> {
    return this.db
      .selectFrom('cascade')
      .selectAll()
      .$if(before !== undefined, (query) =>
        query.where(sql<boolean>`(frozen_at, id) < (${before?.frozenAt}::timestamptz, ${before?.id}::uuid)`),
      )
      .$if(region !== undefined, (query) =>
        query.where((where) =>
          where.exists(
            where
              .selectFrom('cascade_organisation as node')
              .select('node.code')
              .whereRef('node.cascade_id', '=', 'cascade.id')
              .where('node.code', '=', region ?? ''),
          ),
        ),
      )
      .orderBy('frozen_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
  }

  /** Cascades of which something may still become. */
  async live(): Promise<string[]> {
    const rows = await this.db
      .selectFrom('cascade')
      .select('id')
      .where('closed_at', 'is', null)
      .orderBy('frozen_at')
      .execute();
    return rows.map(({ id }) => id);
  }

  /**
   * Works on the cascade, unless another process does. The turn is a lock of a transaction that does nothing else: it
   * ends with its connection, so nobody waits for a process that was killed or that the network has cut off.
   */
  async inTurn(id: string, work: (cascade: CascadeRow) => Promise<void>): Promise<void> {
    await this.db.transaction().execute(async (trx) => {
      const lock = sql<{
        taken: boolean;
      }>`select pg_try_advisory_xact_lock(hashtext('cascade'), hashtext(${id})) as taken`;
      if (!(await lock.execute(trx)).rows[0]?.taken) return;
      const cascade = await this.find(id);
      if (cascade) await work(cascade);
    });
  }

  async close(id: string, now: Date): Promise<void> {
    await this.db.updateTable('cascade').set({ closed_at: now }).where('id', '=', id).execute();
  }

  async organisation(id: string, code: string, db: Db = this.db): Promise<OrganisationRow | undefined> {
    return db
      .selectFrom('cascade_organisation')
      .selectAll()
      .where('cascade_id', '=', id)
      .where('code', '=', code)
      .executeTakeFirst();
  }

  async lockOrganisation(
    id: string,
    code: string,
    trx: Transaction<CascadeTables>,
  ): Promise<OrganisationRow | undefined> {
    return trx
      .selectFrom('cascade_organisation')
      .selectAll()
      .where('cascade_id', '=', id)
      .where('code', '=', code)
      .forUpdate()
      .executeTakeFirst();
  }

  /** Until the end of the transaction nobody answers. */
  async lockAll(id: string, trx: Transaction<CascadeTables>): Promise<void> {
    await sql`select from cascade_organisation where cascade_id = ${id} order by ${TOP_DOWN} for update`.execute(trx);
  }

  /** What stands directly below: a region's commissioners; a commissioner's practices, those that moved to it too. */
  async below(
    id: string,
    { code, kind }: Pick<OrganisationRow, 'code' | 'kind'>,
    db: Db = this.db,
  ): Promise<OrganisationRow[]> {
    if (kind === 'practice') return [];
    return db
      .selectFrom('cascade_organisation')
      .selectAll()
      .where('cascade_id', '=', id)
      .where((where) =>
        kind === 'region'
          ? where.and([where('region_code', '=', code), where('kind', '=', 'commissioner')])
          : where.and([
              where('kind', '=', 'practice'),
              where.or([where('commissioner_code', '=', code), where('moved_to', '=', code)]),
            ]),
      )
      .orderBy('code')
      .execute();
  }

  /** Everything in the tree. */
  async codes(id: string, trx: Transaction<CascadeTables>): Promise<{ code: string }[]> {
    return trx.selectFrom('cascade_organisation').select('code').where('cascade_id', '=', id).execute();
  }

  async steps(id: string, code: string): Promise<StepRow[]> {
    return this.db
      .selectFrom('cascade_step')
      .selectAll()
      .where('cascade_id', '=', id)
      .where('code', '=', code)
      .orderBy('id')
      .execute();
  }

  async change(id: string, code: string, patch: OrganisationPatch, trx: Transaction<CascadeTables>): Promise<void> {
    await trx
      .updateTable('cascade_organisation')
      .set(patch)
      .where('cascade_id', '=', id)
      .where('code', '=', code)
      .execute();
  }

  /** Marks those that nobody had passed the message on to. @returns their codes. */
  async markPassedOn(
    id: string,
    codes: readonly string[],
    by: string,
    now: Date,
    trx: Transaction<CascadeTables>,
  ): Promise<string[]> {
    const rows = await trx
      .updateTable('cascade_organisation')
      .set({ passed_on_at: now, passed_on_by: by, direct_reason: null })
      .where('cascade_id', '=', id)
      .where('code', 'in', codes.length > 0 ? [...codes] : [''])
      .where('passed_on_at', 'is', null)
      .returning('code')
      .execute();
    return rows.map(({ code }) => code).sort();
  }

  /** A commissioner that was silent is not any more: what was to go past it need not. */
  async callOffDirect(id: string, commissioner: string, trx: Transaction<CascadeTables>): Promise<void> {
    await trx
      .updateTable('cascade_organisation')
      .set({ direct_reason: null })
      .where('cascade_id', '=', id)
      .where('commissioner_code', '=', commissioner)
      .where('direct_reason', '=', 'silence')
      .where('written_at', 'is', null)
      .execute();
  }

  async addStep(step: NewStep, trx: Kysely<CascadeTables>): Promise<void> {
    await trx
      .insertInto('cascade_step')
      .values({
        cascade_id: step.cascadeId,
        code: step.code,
        action: step.action,
        at: step.at,
        late: step.late ?? false,
        actor: step.actor,
        details: JSON.stringify(step.details ?? {}),
      })
      .execute();
  }

  /** The commissioner of a practice as the directory has it now, with its region, if it is in the tree. */
  async presentCommissioner(
    id: string,
    practice: string,
    trx: Transaction<CascadeTables>,
  ): Promise<{ code: string; regionCode: string | null } | undefined> {
    const { rows } = await sql<{ code: string; regionCode: string | null }>`
      select node.code, node.region_code as "regionCode"
      from organisation
      join cascade_organisation node on node.cascade_id = ${id} and node.code = organisation.commissioner_code
        and node.kind = 'commissioner'
      where organisation.code = ${practice}`.execute(trx);
    return rows[0];
  }

  /** A practice is reached through its own people or through its commissioner's; the others by their own. */
  async refreshReach(id: string, db: Db = this.db): Promise<void> {
    await sql`
      update cascade_organisation node set reachable = reach.is
      from (
        select child.code,
          case when child.kind = 'practice'
            then child.has_contacts or coalesce(parent.has_contacts and parent.undeliverable_at is null, false)
            else child.has_contacts and child.undeliverable_at is null end as is
        from cascade_organisation child
        left join cascade_organisation parent on parent.cascade_id = child.cascade_id
          and parent.code = child.commissioner_code and parent.kind = 'commissioner'
        where child.cascade_id = ${id}
      ) reach
      where node.cascade_id = ${id} and node.code = reach.code and node.reachable <> reach.is`.execute(db);
  }
}
