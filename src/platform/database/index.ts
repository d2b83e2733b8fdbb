export { copyAll, copyInto, copyRow, type CopyValue } from './copy.js';
export { DATABASE, DATABASE_SERVER, InjectDatabase } from './tokens.js';
export { connect, ensureSchema, KEPT_ALIVE, openDatabaseServer, placed } from './database.js';
export { DatabaseModule } from './database.module.js';
export {
  discardDataFolder,
  openEmbeddedPostgres,
  type DatabaseServer,
  type EmbeddedPostgresOptions,
} from './embedded-postgres.js';
export { containing } from './like.js';
export { migrate, pendingMigrations } from './migrate.js';
export { PREPARED } from './prepared.js';
export { inTwoTries, isDatabaseTrouble, unlessDatabaseTrouble } from './trouble.js';
