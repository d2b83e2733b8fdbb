import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplicationContext } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import {
  CascadeReports,
  CascadeTicker,
  type CoverageRow,
  ESCALATION_PAST_COMMISSIONERS,
  LoopService,
  ScriptedCascade,
  type StepScore,
  WorklistService,
} from '../cascades/index.js';
import { ImportService } from '../directory/index.js';
import { type FixedClock } from '../shared/clock.js';
import { formatLongDate, LondonTime } from '../shared/london-time.js';
import { table } from './terminal.js';

export interface ScriptedCascadeResult {
  readonly cascadeId: string;
  readonly answers: number;
  readonly escalations: number;
  readonly coverage: Pick<CoverageRow, 'practices' | 'confirmed' | 'passedOn' | 'silent' | 'unreachable' | 'closed'>;
  readonly practicesAtRisk: { readonly before: number; readonly after: number };
  readonly peopleHelped: number;
  readonly accountsToRetire: number;
  /** How long the report of the whole country took. */
  readonly reportMs: number;
}

interface ActSettings {
  /** A cascade request that has been sent. */
  readonly campaignId: string;
  readonly clock: FixedClock;
  readonly until: Date;
  /** The accounts export as it was imported. */
  readonly accountsFile: string;
  readonly actor: string;
  readonly say: (line: string) => void;
}

/**
 * The second act: commissioners and practices answer by a script, silence escalates, the accounts that practices were
 * told to request are made and imported, and coverage and readiness are shown before and after.
 */
export async function runScriptedCascade(
  app: INestApplicationContext,
  { campaignId, clock, until, accountsFile, actor, say }: ActSettings,
): Promise<ScriptedCascadeResult> {
  const { cascadeId, answers, escalations } = await app.get(ScriptedCascade).run({
    campaignId,
    clock,
    until,
    policy: ESCALATION_PAST_COMMISSIONERS,
    eachDay: ({ confirmed, passedOn, silent, unreachable }, at) => {
      const day = formatLongDate(LondonTime.fromInstant(at));
      say(`${day}: ${confirmed} confirmed, ${passedOn} passed on, ${silent} silent, ${unreachable} unreachable`);
    },
  });
  await importCures(app, cascadeId, accountsFile, actor);
  await app.get(CascadeTicker).runOne(cascadeId);
  const started = performance.now();
  const rows = await app.get(CascadeReports).coverage(cascadeId);
  const reportMs = Math.round(performance.now() - started);
  const [nation] = rows;
  if (!nation) throw new Error(`Cascade ${cascadeId} has no tree`);
  say(coverageTable(rows.filter(({ level }) => level !== 'commissioner')));
  const { practices, confirmed, passedOn, silent, unreachable, closed } = nation;
  return {
    cascadeId,
    answers,
    escalations,
    coverage: { practices, confirmed, passedOn, silent, unreachable, closed },
    practicesAtRisk: { before: nation.atRiskBefore, after: nation.atRiskNow },
    peopleHelped: nation.peopleHelped,
    accountsToRetire: (await app.get(LoopService).retirable(cascadeId)).length,
    reportMs,
  };
}

/** A report for a person at the terminal. */
export function coverageTable(rows: readonly CoverageRow[]): string {
  return table(
    ['organisation', 'practices', 'confirmed', 'passed on', 'silent', 'unreachable', 'at risk before', 'now'],
    rows.map((row) => [
      row.name,
      row.practices,
      row.confirmed,
      row.passedOn,
      row.silent,
      row.unreachable,
      row.atRiskBefore,
      row.atRiskNow,
    ]),
  );
}

/** A score for a person at the terminal. */
export function scoreTable(rows: readonly StepScore[]): string {
  const hours = (value: number | null): string => (value === null ? 'none' : `${value} h`);
  return table(
    ['level', 'step', 'asked', 'did', 'median', 'slowest', 'never'],
    rows.map(({ kind, step, asked, taken, medianHours, slowestHours, never }) => [
      kind,
      step,
      asked,
      taken,
      hours(medianHours),
      hours(slowestHours),
      never,
    ]),
  );
}

/** The next export: in practices that have confirmed, everybody has the new account that the worklist asked for. */
async function importCures(
  app: INestApplicationContext,
  cascadeId: string,
  accountsFile: string,
  actor: string,
): Promise<void> {
  const lines: string[][] = [];
  const reports = app.get(CascadeReports);
  const confirmed = new Set(
    (await reports.practices(cascadeId, { coverage: 'confirmed', limit: 10_000 })).map(({ code }) => code),
  );
  for (const { level, regionCode } of await reports.coverage(cascadeId)) {
    if (level !== 'region' || regionCode === null) continue;
    for (const person of await app.get(WorklistService).people(cascadeId, regionCode)) {
      if (person.newAddress === null || !confirmed.has(person.organisationCode)) continue;
      const { accountId, firstName, lastName, newAddress, organisationCode, roles } = person;
      lines.push([`${accountId}N`, firstName, lastName, newAddress, 'active', '', organisationCode, roles.join('|')]);
    }
  }
  const folder = await mkdtemp(join(tmpdir(), 'cqrs-comms-cures-'));
  try {
    const file = join(folder, 'accounts.csv');
    await writeFile(file, `${(await readFile(accountsFile, 'utf8')).trimEnd()}\n${stringify(lines)}`);
    await app.get(ImportService).importAccounts(file, { actor });
  } finally {
    await rm(folder, { recursive: true });
  }
}
