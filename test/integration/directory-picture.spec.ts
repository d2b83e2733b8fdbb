import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import { sql } from 'kysely';
import { AuditModule } from '../../src/access/index.js';
import { ContactPicture } from '../../src/cascades/contact.picture.js';
import { ContactPictureRepository } from '../../src/cascades/contact-picture.repository.js';
import {
  DirectoryPicture,
  DirectoryPictureModule,
  DirectoryPictureRepository,
  type KeptReadiness,
  ReadinessService,
  SegmentsModule,
  SegmentsService,
} from '../../src/segments/index.js';
import { DirectoryModule, type DirectoryTables, ImportService, ImportUndo } from '../../src/directory/index.js';
import { ConfigModule, loadConfig } from '../../src/platform/config/index.js';
import { DatabaseModule } from '../../src/platform/database/index.js';

import { FixedClock } from '../../src/shared/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'demo-small');
const HEADER = 'account_id,first_name,last_name,email,status,last_sign_in,organisation_code,roles';
const request = { actor: 'system:test', allowShrink: true };
const MORNING = new Date('2026-09-01T08:00:00Z');
const LATER = new Date('2026-09-01T09:02:00Z');

let database: TestDatabase<DirectoryTables>;
let clock: FixedClock;
let app: TestingModule;
let folder: string;

async function start(): Promise<void> {
  const config = loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!' });
  app = await Test.createTestingModule({
    imports: [
      ...[ConfigModule.with(config, clock), DatabaseModule.on(database.server)],
      ...[AuditModule, DirectoryModule, SegmentsModule, DirectoryPictureModule],
    ],
    providers: [ContactPicture, ContactPictureRepository],
  }).compile();
  await app.init();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'picture-'));
  clock = new FixedClock(MORNING);
  database = await testDatabase();
  await start();
});
afterEach(async () => {
  await app.close();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const picture = () => app.get(DirectoryPicture);
const kept = () => app.get(DirectoryPictureRepository);

async function importPeople(): Promise<void> {
  await app.get(ImportService).importOrganisations([join(FIXTURES, 'ods')], request);
  await app.get(ImportService).importAccounts(join(FIXTURES, 'accounts.csv'), request);
  await app.get(ImportService).importNhsmail(join(FIXTURES, 'nhsmail.csv'), request);
}

async function importOne(): Promise<number> {
  const path = join(folder, 'accounts.csv');
  await writeFile(path, `${HEADER}\nU1,Testa,Sample,nobody,active,,A81001,View\n`);
  const { batchId, faults } = await app.get(ImportService).importAccounts(path, request);
  if (batchId === undefined) throw new Error(JSON.stringify(faults));
  return batchId;
}

it('knows nothing before the first import, and that is no error', async () => {
  expect(await picture().standing()).toMatchObject({ drawnAt: undefined, renewedSince: undefined });
});

it('counts as the classification does, and lists whoever is on a worklist', async () => {
  await importPeople();
  await picture().renewed();
  const { segments, drawnAt, renewedSince } = await picture().standing();
  expect({ drawnAt, renewedSince }).toEqual({ drawnAt: MORNING, renewedSince: undefined });
  expect(segments).toEqual(await app.get(SegmentsService).counts());
  const { ids: listed, total } = await kept().worklist('mismatched', undefined, 1_000, 0);
  expect(listed.length).toBe(segments.mismatched);
  const found = await app.get(SegmentsService).classify(listed);
  expect(new Set(found.map(({ segment }) => segment))).toEqual(new Set(['mismatched']));
  expect(total).toBe(listed.length);
  expect(await kept().worklist('mismatched', undefined, 2, 1)).toEqual({ ids: listed.slice(1, 3), total });
});

it('keeps who could be turned to as well, until something is imported', async () => {
  await importPeople();
  await picture().renewed();
  const { rows } = await sql<{ code: string }>`select distinct code from contact_picture_place`.execute(database.db);
  const codes = rows.map(({ code }) => code);
  const reached = await app.get(ContactPictureRepository).reached(codes, 1, MORNING);
  expect(reached?.map(({ code }) => code).sort()).toEqual(codes.sort());
  await importOne();
  expect(await app.get(ContactPictureRepository).reached(codes, 1, MORNING)).toBeUndefined();
});

it('filters, counts and pages readiness in the database, those at risk first', async () => {
  await importPeople();
  await picture().renewed();
  const all = await kept().readiness('all', undefined, 1_000, 0);
  const risk = await kept().risk();
  expect(all.total).toBe(risk.practices);
  expect(risk.atRisk).toBeGreaterThan(0);
  expect(all.rows.slice(0, risk.atRisk).every(({ atRisk }) => atRisk)).toBe(true);
  const atRisk = await kept().readiness('at-risk', undefined, 3, 1);
  expect(atRisk.total).toBe(risk.atRisk);
  expect(atRisk.rows).toEqual(all.rows.slice(1, 4));
  const regions = await kept().practicesByRegion();
  expect(regions.reduce((sum, { practices }) => sum + practices, 0)).toBe(risk.practices);
  const [first] = regions;
  const inRegion = await kept().readiness('all', first?.region ?? '', 1_000, 0);
  expect(inRegion.total).toBe(first?.practices);
});

it('shows what was known while it works out an import or its undo, with the time of each', async () => {
  await importPeople();
  await picture().renewed();
  const before = await picture().standing();
  clock.moveTo(LATER);
  // The directory holds still: nothing can be read of it while this lasts.
  const standing = await database.db.transaction().execute(async (trx) => {
    await importOne();
    await sql`lock table account in access exclusive mode`.execute(trx);
    return picture().standing();
  });
  expect(standing).toEqual({ ...before, renewedSince: LATER });
  await picture().renewed();
  const after = await picture().standing();
  expect(after).toMatchObject({ drawnAt: LATER, renewedSince: undefined });
  expect(after.segments.invalid).toBe(1);
});

it('lets a program wait for what an import changed, and says so when that takes too long', async () => {
  await importPeople();
  const first = await picture().settled();
  expect(first).toMatchObject({ drawnAt: MORNING, renewedSince: undefined });
  clock.moveTo(LATER);
  const late = await database.db.transaction().execute(async (trx) => {
    await importOne();
    await sql`lock table account in access exclusive mode`.execute(trx);
    return picture().settled(10);
  });
  expect(late).toEqual({ ...first, renewedSince: LATER });
  const after = await picture().settled();
  expect(after).toMatchObject({ drawnAt: LATER, renewedSince: undefined });
  expect(after.segments).toEqual(await app.get(SegmentsService).counts());
});

it('waits for the import that came in while another was worked out', async () => {
  await importPeople();
  await picture().settled();
  const drawing = picture().settled();
  await importOne();
  expect((await picture().settled()).segments).toEqual(await app.get(SegmentsService).counts());
  await drawing;
});

it('gives programs the rows of readiness as they are worked out, page by page', async () => {
  await importPeople();
  await picture().settled();
  const fresh = await app.get(ReadinessService).readiness();
  const rows: KeptReadiness[] = [];
  for (let more = true; more;) {
    const page = await kept().readinessAfter({ after: rows.at(-1) }, 1_000);
    rows.push(...page);
    more = page.length > 0;
  }
  expect(rows).toEqual(fresh.map((row) => ({ practicesAtRisk: null, commissionersAtRisk: null, ...row })));
  const atRisk = await kept().readinessAfter({ kind: 'practice', atRisk: true }, 1_000);
  expect(atRisk.length).toBe((await kept().risk()).atRisk);
});

it('is there again after a restart, and follows an undo', async () => {
  await importPeople();
  await picture().renewed();
  const before = await picture().standing();
  const id = await importOne();
  await picture().renewed();
  expect((await picture().standing()).segments).not.toEqual(before.segments);
  await app.close();
  await start();
  expect((await kept().head())?.version).toBe(id);
  await app.get(ImportUndo).undo(id, 'system:test');
  await picture().renewed();
  await picture().renewed();
  expect((await picture().standing()).segments).toEqual(before.segments);
});

it('never replaces a picture by one of an older import', async () => {
  await importPeople();
  await picture().renewed();
  const head = await kept().head();
  if (!head) throw new Error('nothing is kept');
  const old = { ...head, version: head.version - 1, readiness: [], worklists: new Map() };
  await kept().keep(old);
  expect(await kept().head()).toEqual(head);
  expect((await kept().risk()).practices).toBeGreaterThan(0);
});
