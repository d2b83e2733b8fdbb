import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, migrate, openEmbeddedPostgres } from '../../dist/platform/database/index.js';
import { startRedis } from './redis-server.mjs';

/** One PostgreSQL and one Redis for the whole run; each spec file gets a database cloned from the migrated template. */
export default async function globalSetup() {
  if (globalThis.__servers) return; // Jest calls this for the run and again for each project.
  const dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-test-'));
  const server = await openEmbeddedPostgres({
    dataDir,
    database: 'template',
    // Nothing in it has to outlive the run; the specs about a server that is killed start one of their own.
    settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' },
  });
  const db = connect(server.connectionString, 2);
  await migrate(db);
  await db.destroy();
  const redis = await startRedis();
  process.env.TEST_DATA_DIR = dataDir;
  process.env.TEST_DATABASE_URL = server.connectionString;
  if (redis) process.env.TEST_REDIS_URL = redis.url;
  globalThis.__servers = { dataDir, stop: () => Promise.all([server.release(), redis?.stop()]) };
}
