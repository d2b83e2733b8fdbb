import { mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inspectTableFile } from './table-file.js';
import { XlsxArchive } from './xlsx.archive.js';

/** Of a CSV file in a folder or zip file; a Mac puts a `._` file of its own beside each, which holds no table. */
export function isCsvName(path: string): boolean {
  return /\.csv$/i.test(path) && !basename(path).startsWith('._');
}

/**
 * Unpacks the .csv files of a zip file into a new folder below `scratch` and returns their paths; undefined when the
 * file is anything else, also a workbook (which is a zip file too). ODS publishes each of its files so, beside a PDF.
 * @throws InvalidInputError when it is damaged, encrypted, or would unpack to an unreasonable size.
 */
export async function unpackCsv(path: string, scratch: string): Promise<string[] | undefined> {
  const { format, name } = await inspectTableFile(path);
  if (format !== 'xlsx') return undefined;
  const archive = await XlsxArchive.open(path, name);
  try {
    if (archive.isWorkbook) return undefined;
    const paths: string[] = [];
    for (const part of archive.parts.filter(isCsvName).sort()) {
      // Its own folder, because two may have one name; only the last part of the name, whatever the archive says.
      const target = join(await mkdtemp(join(scratch, 'zip-')), basename(part));
      await archive.save(part, target);
      paths.push(target);
    }
    return paths;
  } finally {
    archive.close();
  }
}
