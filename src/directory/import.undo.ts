import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { AuditTrail } from '../access/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, NotFoundError } from '../shared/errors.js';
import { type ImportBatch, DirectoryRepository } from './directory.repository.js';
import { type DirectoryTables } from './directory.tables.js';
import { takeTurn } from './import.turn.js';
import { RESTORES } from './undo.restores.js';

/** Puts the directory back to what it was before its last import of a kind, whole or not at all. */
@Injectable()
export class ImportUndo {
  constructor(
    @InjectDatabase() private readonly db: Kysely<DirectoryTables>,
    private readonly directory: DirectoryRepository,
    private readonly clock: Clock,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Undoes an import; what it had added goes, what it had changed or marked as gone is as it was. Plans that were made
   * since keep what they froze. The undo is an import of its own in the history, whose id is returned.
   * @throws NotFoundError `no-such-import`; ConflictError `already-undone`, `undoes-itself` (of an undo),
   * `changed-nothing`, `later-import` of the same kind, `not-reversible` (declaration status), `import-running`.
   */
  async undo(id: number, actor: string): Promise<number> {
    return this.db.transaction().execute(async (trx) => {
      const batch = await this.directory.batch(id, trx);
      if (!batch) throw new NotFoundError('no-such-import', `There is no import ${id}`);
      await takeTurn(trx, batch.kind);
      const restore = RESTORES[batch.kind];
      const refusal = await this.refusalOf(batch, trx);
      if (refusal) throw refusal;
      await restore?.(trx, id);
      await trx.deleteFrom('import_previous').where('batch_id', '=', id).execute();
      await sql`analyze organisation, account, membership, nhsmail_entry, nhsmail_alias`.execute(trx);
      const undoId = await this.record(batch, actor, trx);
      const details = { kind: batch.kind, undo: undoId };
      await this.audit.record({ actor, action: 'directory.import-undone', subject: `import:${id}`, details }, trx);
      return undoId;
    });
  }

  /** Of each kind the import that can be undone, if there is one. */
  async undoable(): Promise<number[]> {
    const newest = await this.directory.newestBatches(this.db);
    return newest.filter(({ kind }) => RESTORES[kind] !== undefined).map(({ id }) => id);
  }

  private async refusalOf(batch: ImportBatch, trx: Transaction<DirectoryTables>): Promise<ConflictError | undefined> {
    const { id, kind } = batch;
    if (batch.undoes !== null) {
      return new ConflictError('undoes-itself', `Import ${id} undid another: import the file again instead`);
    }
    if (batch.undoneBy !== null) return new ConflictError('already-undone', `Import ${id} is undone already`);
    if (RESTORES[kind] === undefined) {
      return new ConflictError(
        'not-reversible',
        'Declaration status changes between files too, so an import of it cannot be undone: import the newest file',
      );
    }
    if (!(await this.directory.hasChanged(id, trx))) {
      return new ConflictError('changed-nothing', `Import ${id} changed nothing, so there is nothing to put back`);
    }
    const newest = (await this.directory.newestBatches(trx)).find((each) => each.kind === kind);
    if (newest?.id === id) return undefined;
    return new ConflictError(
      'later-import',
      `A later import of ${kind} (${newest?.id ?? ''}) builds on import ${id}: undo that one first`,
    );
  }

  /** What was added goes and what was gone comes back. */
  private async record(
    { id, kind, files, added, changed, gone, unchanged }: ImportBatch,
    actor: string,
    trx: Transaction<DirectoryTables>,
  ): Promise<number> {
    const undo = await trx
      .insertInto('import_batch')
      .values({
        ...{ kind, files: JSON.stringify(files), unchanged },
        ...{ added: gone, changed, gone: added, undoes: id, imported_by: actor, applied_at: this.clock.now() },
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return undo.id;
  }
}
