import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { type ImportKind, type ImportReport } from '../directory/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { NotFoundError } from '../shared/errors.js';

/** A file that was checked and may be applied, with what the check said. */
export interface Checked {
  readonly id: string;
  readonly kind: ImportKind;
  readonly path: string;
  readonly report: ImportReport;
}

const KEPT_MS = 60 * 60_000;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Uploaded files between their check and their import. They hold personal data, so none stays longer than an hour. */
@Injectable()
export class UploadStore {
  private readonly folder: string;

  constructor(@InjectConfig() { dataDir }: Config) {
    this.folder = join(dataDir, 'uploads');
  }

  /** Takes a file in and checks it. The file at `temporaryPath` is gone afterwards, whatever happens. */
  async check(
    kind: ImportKind,
    upload: { readonly path: string; readonly originalname: string },
    run: (path: string) => Promise<ImportReport>,
  ): Promise<Checked> {
    const id = randomUUID();
    const place = join(this.folder, id);
    const path = join(place, safeName(upload.originalname));
    try {
      await this.forgetOld();
      await mkdir(place, { recursive: true, mode: 0o700 });
      await copyFile(upload.path, path);
      const checked = { id, kind, path, report: await run(path) };
      await writeFile(join(this.folder, `${id}.json`), JSON.stringify(checked), { mode: 0o600 });
      return checked;
    } catch (error) {
      await this.forget(id);
      throw error;
    } finally {
      await rm(upload.path, { force: true });
    }
  }

  /** @throws NotFoundError `upload-gone` once it was applied or an hour has passed. */
  async get(id: string): Promise<Checked> {
    try {
      if (ID.test(id)) return JSON.parse(await readFile(join(this.folder, `${id}.json`), 'utf8')) as Checked;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    throw new NotFoundError(
      'upload-gone',
      'This file was imported already, or was uploaded more than an hour ago: upload it again',
    );
  }

  async forget(id: string): Promise<void> {
    await rm(join(this.folder, `${id}.json`), { force: true });
    await rm(join(this.folder, id), { recursive: true, force: true });
  }

  private async forgetOld(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    // The age of files on this disk, and so by this machine's clock.
    const before = Date.now() - KEPT_MS;
    for (const name of await readdir(this.folder)) {
      const { mtimeMs } = await stat(join(this.folder, name));
      if (mtimeMs < before) await this.forget(name.replace(/\.json$/, ''));
    }
  }
}

/** The file keeps its name in reports, without anything that a path could be made of. */
function safeName(name: string): string {
  const plain = name.replace(/[^\w. ()-]+/g, '_').slice(-100);
  return /\w/.test(plain) ? plain.replace(/^\.+/, '') : 'upload';
}
