import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parseEmailAddress } from '../../dist/shared/email-address.js';
import { SEGMENTS, segmentOf, SegmentsService } from '../../dist/segments/index.js';
import { SegmentRepository } from '../../dist/segments/segment.repository.js';
import { compare } from './harness.mjs';
import { NhsmailIndex } from './nhsmail-index.mjs';
import { FIXTURES, startService } from './service.mjs';

const SCAN = 'full scan per account';
const MAP = 'one Map look-up per account';
/** Who is told that single sign-on works for them. */
const TOLD_SSO = ['nhsmail', 'nhsmail-unconfirmed'];

/** How fast accounts are put into their sign-in groups, and how well. */
export async function classify({ quick, demo, say }) {
  const service = await startService({ dataDir: await demo() });
  try {
    const { accounts, entries } = await everything(service.get(SegmentRepository));
    const segments = service.get(SegmentsService);
    const rows = await compare({
      rounds: quick ? 2 : 7,
      unit: 'accounts/s',
      baselines: [SCAN, MAP],
      contenders: [
        { name: SCAN, run: () => fullScan(accounts.slice(0, quick ? 50 : 300), entries) },
        { name: MAP, run: () => mapLookUp(accounts, entries) },
        { name: 'segmentOf, index built', run: () => withIndex(accounts, entries) },
        { name: 'SegmentsService.classifyAll', run: () => all(segments) },
      ],
      say,
    });
    const score = await scored(segments);
    return {
      title: 'Classify',
      rows,
      tables: [confusionTable(score), verdictTable(score)],
      facts: score,
      notes: [
        `${accounts.length.toLocaleString('en-GB')} accounts and ${entries.length.toLocaleString('en-GB')} NHSmail entries of test/fixtures/demo.`,
        `Baseline "${SCAN}": for each account one pass over the whole directory for what its rules may want to know, then the same segmentOf; on ${quick ? 50 : 300} accounts, as a rate.`,
        `Baseline "${MAP}": the address of each account in a Map of the directory, and nothing decided: as fast as any answer could be.`,
        '"segmentOf, index built": building the index over the whole directory and deciding every account. "classifyAll": the service, reading accounts and entries from PostgreSQL.',
      ],
      failures: score.toldSsoThoughNo > 0 ? [`${score.toldSsoThoughNo} accounts are told to use SSO and cannot`] : [],
    };
  } finally {
    await service.stop();
  }
}

async function everything(repository) {
  const accounts = [];
  const entries = new Map();
  for await (const batch of repository.everybody(2_000)) {
    for (const { account, known } of batch) {
      accounts.push(account);
      for (const entry of known) entries.set(entry.address, entry);
    }
  }
  return { accounts, entries: [...entries.values()] };
}

function fullScan(accounts, entries) {
  for (const account of accounts) {
    const address = addressOf(account);
    const known = entries.filter(
      (entry) =>
        entry.address === address ||
        entry.aliases.includes(address) ||
        entry.recordedAccount?.id === account.id ||
        (entry.nameKey === account.nameKey &&
          account.organisations.some(({ code }) => code === entry.organisationCode)),
    );
    segmentOf(account, known);
  }
  return accounts.length;
}

function addressOf({ email }) {
  const parsed = parseEmailAddress(email ?? '');
  return parsed.ok ? parsed.address.normalised : null;
}

function mapLookUp(accounts, entries) {
  const byAddress = new Map(entries.map((entry) => [entry.address, entry]));
  let found = 0;
  for (const { email } of accounts) if (email !== null && byAddress.has(email.toLowerCase())) found += 1;
  if (found === 0) throw new Error('No account is in the directory');
  return accounts.length;
}

function withIndex(accounts, entries) {
  const index = new NhsmailIndex(entries);
  for (const account of accounts) segmentOf(account, index.entriesFor(account, addressOf(account)));
  return accounts.length;
}

async function all(segments) {
  let count = 0;
  for await (const _ of segments.classifyAll()) count += 1;
  return count;
}

/** Every account against what the generator knows to be true of it. */
async function scored(segments) {
  const truths = parse(await readFile(join(FIXTURES, 'demo', 'truth.csv')), { columns: true });
  const truthOf = new Map(truths.map((truth) => [truth.account_id, truth]));
  const confusion = Object.fromEntries(SEGMENTS.map((truth) => [truth, {}]));
  const wrongReasons = {};
  let accounts = 0;
  let right = 0;
  let honestlyUnknown = 0;
  let toldSsoThoughNo = 0;
  for await (const { accountId, segment, rule } of segments.classifyAll()) {
    const truth = truthOf.get(accountId);
    if (!truth) throw new Error(`truth.csv does not know account ${accountId}`);
    truthOf.delete(accountId);
    accounts += 1;
    confusion[truth.segment][segment] = (confusion[truth.segment][segment] ?? 0) + 1;
    if (TOLD_SSO.includes(segment) && truth.can_use_sso === 'no') toldSsoThoughNo += 1;
    if (segment === truth.segment) right += 1;
    else if (segment === 'unknown') honestlyUnknown += 1;
    else {
      const case_ = `${truth.reason}: ${truth.segment} taken for ${segment} by ${rule}`;
      wrongReasons[case_] = (wrongReasons[case_] ?? 0) + 1;
    }
  }
  if (truthOf.size > 0) throw new Error(`${truthOf.size} accounts of truth.csv were never classified`);
  const wrong = accounts - right - honestlyUnknown;
  return {
    ...{ accounts, toldSsoThoughNo, right, honestlyUnknown, wrong },
    rightOfAll: right / accounts,
    rightOfDecided: right / (accounts - honestlyUnknown),
    ...{ confusion, wrongReasons },
  };
}

function confusionTable({ confusion }) {
  return {
    title: 'Confusion: the truth in rows, the decision in columns',
    headers: ['truth', ...SEGMENTS],
    rows: SEGMENTS.map((truth) => [truth, ...SEGMENTS.map((told) => confusion[truth][told] ?? 0)]),
  };
}

function verdictTable({
  accounts,
  toldSsoThoughNo,
  right,
  honestlyUnknown,
  wrong,
  rightOfAll,
  rightOfDecided,
  wrongReasons,
}) {
  const percent = (share) => `${(share * 100).toFixed(2)} %`;
  return {
    title: 'Score against the generator’s truth',
    headers: ['measure', 'value', 'goal'],
    rows: [
      ['accounts', accounts, ''],
      ['told to use SSO though the truth says no', toldSsoThoughNo, '0'],
      ['right', right, ''],
      ['unknown where the truth is known (honest, not right)', honestlyUnknown, ''],
      ['wrong', wrong, ''],
      ['right of all', percent(rightOfAll), ''],
      ['right of those decided', percent(rightOfDecided), '≥ 99 %'],
      ...Object.entries(wrongReasons).map(([reason, count]) => [`wrong: ${reason}`, count, '']),
    ],
  };
}
