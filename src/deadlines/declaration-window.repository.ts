import { Injectable } from '@nestjs/common';
import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { LondonTime } from '../shared/london-time.js';
import { type DeadlinesTables } from './deadlines.tables.js';
import { type DeclarationWindow, type WindowTimes } from './declaration-window.rules.js';
import { type ReminderPolicy, reminderPolicySchema } from './reminder-ladder.rules.js';

/** What a change may touch, as it was before or after. */
export interface WindowSnapshot {
  readonly cutoff: string;
  readonly reopening: string;
  readonly pcse: string;
  readonly signInChange: string | null;
  readonly reminderPolicy: ReminderPolicy;
}

/** One entry of a window's history. */
export interface WindowChange {
  /** The version that the change made. */
  readonly version: number;
  readonly changedAt: Date;
  readonly changedBy: string;
  readonly reason: string;
  readonly before: WindowSnapshot;
  readonly after: WindowSnapshot;
}

type WindowRow = Selectable<DeadlinesTables['declaration_window']>;

@Injectable()
export class DeclarationWindowRepository {
  constructor(@InjectDatabase() readonly db: Kysely<DeadlinesTables>) {}

  /** False when another window has that name. */
  async insert(window: DeclarationWindow, trx: Transaction<DeadlinesTables>): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('declaration_window')
      .values(rowOf(window))
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }

  /** By id or by name. */
  async find(reference: string): Promise<DeclarationWindow | undefined> {
    if (reference.includes('\u0000')) return undefined; // PostgreSQL takes no NUL, not even to look for it.
    const row = await this.db
      .selectFrom('declaration_window')
      .selectAll()
      // Windows are counted in tens: comparing the id as text spares every caller a check for a well-formed uuid.
      .where((is) => is.or([is('name', '=', reference), is(sql`id::text`, '=', reference.toLowerCase())]))
      .executeTakeFirst();
    return row && windowOf(row);
  }

  /** Newest cutoff first. */
  async list(): Promise<DeclarationWindow[]> {
    const rows = await this.db
      .selectFrom('declaration_window')
      .selectAll()
      .orderBy('cutoff_at', 'desc')
      .orderBy('id')
      .execute();
    return rows.map(windowOf);
  }

  /** Those whose cutoff is after the instant, the nearest first. */
  async openAt(instant: Date): Promise<DeclarationWindow[]> {
    const rows = await this.db
      .selectFrom('declaration_window')
      .selectAll()
      .where('cutoff_at', '>', instant)
      .orderBy('cutoff_at')
      .orderBy('id')
      .execute();
    return rows.map(windowOf);
  }

  /** Writes the window only over the version before it, and its history with it. False: somebody else was faster. */
  async change(
    before: DeclarationWindow,
    after: DeclarationWindow,
    { by, reason }: { by: string; reason: string },
    trx: Transaction<DeadlinesTables>,
  ): Promise<boolean> {
    const { id, ...columns } = rowOf(after);
    const { numUpdatedRows } = await trx
      .updateTable('declaration_window')
      .set(columns)
      .where('id', '=', id)
      .where('version', '=', before.version)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await trx
      .insertInto('declaration_window_change')
      .values({
        window_id: id,
        version: after.version,
        changed_at: after.updatedAt,
        changed_by: by,
        reason,
        before: JSON.stringify(snapshotOf(before)),
        after: JSON.stringify(snapshotOf(after)),
      })
      .execute();
    return true;
  }

  /** Oldest first. */
  async history(windowId: string): Promise<WindowChange[]> {
    const rows = await this.db
      .selectFrom('declaration_window_change')
      .selectAll()
      .where('window_id', '=', windowId)
      .orderBy('version')
      .execute();
    return rows.map((row) => ({
      version: row.version,
      changedAt: row.changed_at,
      changedBy: row.changed_by,
      reason: row.reason,
      before: row.before as WindowSnapshot,
      after: row.after as WindowSnapshot,
    }));
  }
}

export function snapshotOf(window: WindowTimes & Pick<DeclarationWindow, 'reminderPolicy'>): WindowSnapshot {
  return {
    cutoff: window.cutoff.isoLocal(),
    reopening: window.reopening.isoLocal(),
    pcse: window.pcse.isoLocal(),
    signInChange: window.signInChange?.isoLocal() ?? null,
    reminderPolicy: window.reminderPolicy,
  };
}

function rowOf(window: DeclarationWindow): Insertable<DeadlinesTables['declaration_window']> {
  return {
    id: window.id,
    name: window.name,
    service: window.service,
    period: window.period,
    cutoff: window.cutoff.isoLocal(),
    cutoff_at: window.cutoff.toInstant(),
    reopening: window.reopening.isoLocal(),
    reopening_at: window.reopening.toInstant(),
    pcse: window.pcse.isoLocal(),
    pcse_at: window.pcse.toInstant(),
    sign_in_change: window.signInChange?.isoLocal() ?? null,
    sign_in_change_at: window.signInChange?.toInstant() ?? null,
    reminder_policy: JSON.stringify(window.reminderPolicy),
    version: window.version,
    times_set_at: window.timesSetAt,
    created_at: window.createdAt,
    updated_at: window.updatedAt,
  };
}

function windowOf(row: WindowRow): DeclarationWindow {
  return {
    id: row.id,
    name: row.name,
    service: row.service,
    period: row.period,
    cutoff: LondonTime.parse(row.cutoff),
    reopening: LondonTime.parse(row.reopening),
    pcse: LondonTime.parse(row.pcse),
    signInChange: row.sign_in_change === null ? null : LondonTime.parse(row.sign_in_change),
    reminderPolicy: reminderPolicySchema.parse(row.reminder_policy),
    version: row.version,
    timesSetAt: row.times_set_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
