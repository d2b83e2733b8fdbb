import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { declarations } from './declarations.mjs';
import { choosePractices, readOrganisations } from './organisations.mjs';
import { People } from './people.mjs';
import { Random } from './random.mjs';

const COLUMNS = {
  accounts: ['account_id', 'first_name', 'last_name', 'email', 'status', 'last_sign_in', 'organisation_code', 'roles'],
  nhsmail: [
    ...['address', 'aliases', 'first_name', 'last_name', 'organisation_code', 'type', 'status', 'cqrs_account_id'],
  ],
  'no-nhsmail': ['account_id', 'confirmed_on'],
  truth: ['account_id', 'segment', 'can_use_sso', 'reason'],
  declarations: [
    ...['organisation_code', 'service', 'period', 'declaration_required', 'approval_required', 'status', 'updated_at'],
  ],
};

/**
 * Writes accounts.csv, nhsmail.csv, no-nhsmail.csv, truth.csv and the declaration feeds of the invented staff of real
 * practices. Streams, so that a million people need no more memory than the names in use.
 * @param {{ods: string, out: string, people: number, seed: number}} options
 * @returns {Promise<{accounts: number, practices: string[], commissioners: string[], closed: string[]}>}
 */
export async function generate({ ods, out, people, seed }) {
  const random = new Random(seed);
  const { practices: all, closed } = await readOrganisations(ods);
  const practices = choosePractices(all, Math.round(people * 0.267));
  const codes = practices.map(({ code }) => code);
  const commissioners = [...new Set(practices.map(({ commissioner }) => commissioner))].sort();
  const regions = [...new Set(practices.map(({ region }) => region))].sort();
  const closedCodes = closed.map(({ code }) => code).slice(0, 200);
  const staff = new People(random, codes, closedCodes);

  await mkdir(out, { recursive: true });
  const files = {
    accounts: new CsvFile(join(out, 'accounts.csv'), COLUMNS.accounts),
    nhsmail: new CsvFile(join(out, 'nhsmail.csv'), COLUMNS.nhsmail),
    noNhsmail: new CsvFile(join(out, 'no-nhsmail.csv'), COLUMNS['no-nhsmail']),
    truth: new CsvFile(join(out, 'truth.csv'), COLUMNS.truth),
  };
  const later = [];
  let accounts = 0;
  for (const [code, kind, count] of shares(random, people, codes, commissioners, regions)) {
    for (const made of staff.staff(code, kind, count)) {
      const [row, ...more] = made.accounts;
      // The rows of one account need not stand together in an export.
      later.push(...more);
      if (row) await files.accounts.write(row);
      for (const entry of made.entries) await files.nhsmail.write({ ...entry, aliases: entry.aliases.join('|') });
      for (const known of made.noNhsmail) await files.noNhsmail.write(known);
      for (const truth of made.truth) await files.truth.write(truth);
      accounts += made.truth.length;
    }
  }
  for (const row of later) await files.accounts.write(row);
  await Promise.all(Object.values(files).map((file) => file.end()));

  const feeds = declarations(random, codes);
  for (const [name, rows] of [
    ['declarations-1.csv', feeds.first],
    ['declarations-2.csv', feeds.second],
  ]) {
    const file = new CsvFile(join(out, name), COLUMNS.declarations);
    for (const row of rows) await file.write(row);
    await file.end();
  }
  return { accounts, practices: codes, commissioners, closed: closedCodes };
}

/** How many people each organisation has: 2 to 6 a practice, scaled to the number that is wanted. */
function shares(random, people, practices, commissioners, regions) {
  const weights = [
    ...practices.map((code) => [code, 'practice', random.whole(2, 6)]),
    ...commissioners.map((code) => [code, 'commissioner', random.whole(8, 25)]),
    ...regions.map((code) => [code, 'region', random.whole(6, 14)]),
  ];
  const scale = people / weights.reduce((sum, [, , weight]) => sum + weight, 0);
  let owed = 0;
  return weights.map(([code, kind, weight]) => {
    owed += weight * scale;
    const count = Math.floor(owed + 1e-9);
    owed -= count;
    return [code, kind, count];
  });
}

class CsvFile {
  constructor(path, columns) {
    this.columns = columns;
    this.stream = createWriteStream(path);
    this.stream.write(`${columns.join(',')}\n`);
  }

  async write(row) {
    const line = `${this.columns.map((column) => quoted(row[column])).join(',')}\n`;
    if (!this.stream.write(line)) await once(this.stream, 'drain');
  }

  async end() {
    this.stream.end();
    await once(this.stream, 'finish');
  }
}

function quoted(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
