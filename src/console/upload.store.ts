import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { type ImportKind, type ImportReport } from '../directory/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { ConflictError, NotFoundError } from '../shared/errors.js';

interface UploadTables {
  staged_upload: { id: string; kind: ImportKind; name: string; bytes: number; report: ImportReport; uploaded_at: Date };
  staged_upload_part: { upload_id: string; ordinal: number; content: Buffer };
}

/** A file that was checked and may be applied, with what the check said. */
export interface Checked {
  readonly id: string;
  readonly kind: ImportKind;
  readonly name: string;
  readonly bytes: number;
  readonly report: ImportReport;
}

const PART = 1024 * 1024;
/** Of all that waits to be applied: a million accounts are about 150 MB. */
const MOST_BYTES = 1024 ** 3;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Uploaded files between their check and their import, in the database, as another web process may be asked to apply
 * what this one checked. They hold personal data, so none stays longer than an hour.
 */
@Injectable()
export class UploadStore {
  constructor(@InjectDatabase() private readonly db: Kysely<UploadTables>) {}

  /**
   * Checks a file and keeps it.
   * @throws ConflictError `uploads-full` while too much waits to be applied.
   */
  async check(
    kind: ImportKind,
    upload: { readonly path: string; readonly originalname: string },
    run: (path: string) => Promise<ImportReport>,
  ): Promise<Checked> {
    const name = safeName(upload.originalname);
    const report = await run(upload.path);
    const { size: bytes } = await stat(upload.path);
    const checked = { id: randomUUID(), kind, name, bytes, report };
    await this.keep(checked, upload.path);
    return checked;
  }

  /** @throws NotFoundError `upload-gone` once it was applied or an hour has passed. */
  async get(id: string): Promise<Checked> {
    const row = ID.test(id)
      ? await this.db
          .selectFrom('staged_upload')
          .select(['id', 'kind', 'name', 'bytes', 'report'])
          .where('id', '=', id)
          .where('uploaded_at', '>', sql<Date>`clock_timestamp() - interval '1 hour'`)
          .executeTakeFirst()
      : undefined;
    return row ?? uploadGone();
  }

  /**
   * Runs with the file under its own name, in a folder that goes with the end of the run.
   * @throws NotFoundError `upload-gone` when somebody else has imported it meanwhile: the half of it that was read is no file.
   */
  async withFile<T>({ id, name, bytes }: Checked, run: (path: string) => Promise<T>): Promise<T> {
    return inFolder(name, async (path) => {
      await pipeline(Readable.from(this.parts(id)), createWriteStream(path, { mode: 0o600 }));
      if ((await stat(path)).size !== bytes) uploadGone();
      return run(path);
    });
  }

  async forget(id: string): Promise<void> {
    await this.db.deleteFrom('staged_upload').where('id', '=', id).execute();
  }

  private async keep({ id, kind, name, bytes, report }: Checked, path: string): Promise<void> {
    await this.db.transaction().execute(async (trx) => {
      await sql`delete from staged_upload where uploaded_at < clock_timestamp() - interval '1 hour'`.execute(trx);
      const { waiting } = await trx
        .selectFrom('staged_upload')
        .select((set) => set.fn.coalesce(set.fn.sum<number>('bytes'), sql<number>`0`).as('waiting'))
        .executeTakeFirstOrThrow();
      if (waiting + bytes > MOST_BYTES) {
        throw new ConflictError(
          'uploads-full',
          'Too many files were checked in the last hour and not imported: import one, or try again later',
        );
      }
      await sql`insert into staged_upload (id, kind, name, bytes, report)
        values (${id}, ${kind}, ${name}, ${bytes}, ${JSON.stringify(report)})`.execute(trx);
      let ordinal = 0;
      for await (const content of createReadStream(path, { highWaterMark: PART })) {
        await trx
          .insertInto('staged_upload_part')
          .values({ upload_id: id, ordinal: ++ordinal, content: content as Buffer })
          .execute();
      }
    });
  }

  private async *parts(id: string): AsyncGenerator<Buffer> {
    for (let ordinal = 1; ; ordinal += 1) {
      const part = await this.db
        .selectFrom('staged_upload_part')
        .select('content')
        .where('upload_id', '=', id)
        .where('ordinal', '=', ordinal)
        .executeTakeFirst();
      if (!part) return;
      yield part.content;
    }
  }
}

function uploadGone(): never {
  throw new NotFoundError(
    'upload-gone',
    'This file was imported already, or was uploaded more than an hour ago: upload it again',
  );
}

async function inFolder<T>(name: string, run: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cqrs-upload-'));
  try {
    return await run(join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The file keeps its name in reports, without anything that a path could be made of. */
export function safeName(name: string): string {
  const plain = name.replace(/[^\w. ()-]+/g, '_').slice(-100);
  return /\w/.test(plain) ? plain.replace(/^\.+/, '') : 'upload';
}
