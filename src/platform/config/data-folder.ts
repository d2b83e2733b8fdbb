import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the folder and those above it. Not mkdir's `recursive`: below /proc that never returns (Node 20). */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path);
  }
}

/**
 * The secret text in the file, for its owner only; a random one is made on first use. It appears whole or not at all,
 * so that neither a second process nor a full disk ever sees an empty secret.
 */
export function secretIn(path: string): string {
  const read = (): string => readFileSync(path, 'utf8').trim();
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  makeFolder(dirname(path));
  const fresh = `${path}.new-${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(fresh, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    linkSync(fresh, path);
  } catch (error) {
    // Another process was faster: its secret counts.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  return read();
}

/** The line for a data folder that cannot be used. */
export function dataFolderFault(folder: string, error: unknown): string {
  return `DATA_DIR: expected a folder that this user may write to. ${folder}: ${folderFault(error)}`;
}

/** Why a folder cannot be used, in words where the code of the fault is a usual one. */
export function folderFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such folder';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'it is a file, or below one';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `this user may not use it (${code})`;
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return message.split('\n')[0] ?? '';
  }
}
