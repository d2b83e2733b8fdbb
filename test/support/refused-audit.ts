import { type Kysely, sql } from 'kysely';

/** While `work` runs, the database takes no entry into the audit trail, as when the process ends just before it. */
export async function withoutAudit<Tables>(db: Kysely<Tables>, work: () => Promise<unknown>): Promise<void> {
  await sql
    .raw(
      `create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
      create trigger refuse_it before insert on audit_entry for each row execute function refuse_it()`,
    )
    .execute(db);
  try {
    await work();
  } finally {
    await sql`drop function refuse_it cascade`.execute(db);
  }
}
