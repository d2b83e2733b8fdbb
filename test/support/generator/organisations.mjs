import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

/** @typedef {{code: string, name: string, region: string, commissioner: string}} Practice */

/** The real organisations, from the ODS files as published. @param {string} folder */
export async function readOrganisations(folder) {
  const read = async (name) => parse(await readFile(join(folder, name), 'utf8'), { bom: true });
  const rows = await read('epraccur.csv');
  const gp = rows.filter((row) => row[25] === '4' && row[2] !== 'W00');
  return {
    practices: gp.filter((row) => row[12] === 'A').map(practiceOf),
    closed: gp.filter((row) => row[12] === 'C' && row[11] > '2024').map(practiceOf),
  };
}

function practiceOf(row) {
  return { code: row[0], name: row[1], region: row[2], commissioner: row[14] };
}

/**
 * Some practices of some commissioners in all parts of the list: about the square root of the share of each, so that a
 * small set still has commissioners with several practices.
 * @param {readonly Practice[]} practices @param {number} wanted
 */
export function choosePractices(practices, wanted) {
  if (wanted >= practices.length) return practices;
  const groups = new Map();
  for (const practice of practices) {
    const group = groups.get(practice.commissioner) ?? [];
    group.push(practice);
    groups.set(practice.commissioner, group);
  }
  const codes = [...groups.keys()].sort();
  const commissioners = Math.max(1, Math.round(codes.length * Math.sqrt(wanted / practices.length)));
  const chosen = Array.from(
    { length: commissioners },
    (_, index) => codes[Math.floor((index * codes.length) / commissioners)],
  );
  const each = Math.ceil(wanted / commissioners);
  return chosen.flatMap((code) => groups.get(code).slice(0, each)).slice(0, wanted);
}
