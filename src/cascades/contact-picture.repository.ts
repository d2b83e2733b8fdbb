import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type CascadeTables } from './cascade.tables.js';
import { type Contact } from './contact.rules.js';

/** Somebody at an organisation who would be written to. */
export interface Reached {
  readonly code: string;
  readonly personKey: string;
}

/** The kept picture of contacts: see its migration. */
@Injectable()
export class ContactPictureRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<CascadeTables>) {}

  /** Replaces it whole, unless the kept one knows of a newer import. */
  async keep(version: number, places: ReadonlyMap<string, readonly Contact[]>): Promise<void> {
    const rows = [...places].flatMap(([code, there]) =>
      there.map(({ accountId, personKey }, place) => ({ code, place, accountId, personKey })),
    );
    await this.db.transaction().execute(async (trx) => {
      const { numAffectedRows = 0n } = await sql`
        insert into contact_picture (version) values (${version})
        on conflict (only_row) do update set version = excluded.version
        where contact_picture.version <= excluded.version`.execute(trx);
      if (numAffectedRows === 0n) return;
      await sql`delete from contact_picture_place`.execute(trx);
      await sql`
        insert into contact_picture_place
        select code, place, "accountId", "personKey" from json_to_recordset(${JSON.stringify(rows)}::json)
          as row (code text, place integer, "accountId" text, "personKey" text)`.execute(trx);
    });
  }

  /**
   * The first people of each of these organisations that can be written to now; undefined when something was imported
   * since the picture was made. Declaration status says nothing of people.
   */
  async reached(codes: readonly string[], most: number, now: Date): Promise<Reached[] | undefined> {
    const { rows: kept } = await sql`
      select from contact_picture
      where version = (select max(id) from import_batch where kind <> 'declarations')`.execute(this.db);
    if (kept.length === 0) return undefined;
    const { rows } = await sql<Reached>`
      select code, person_key as "personKey" from (
        select place.code, place.person_key, row_number() over (partition by place.code order by min(place.place)) as rank
        from (
          select place.*, account.email_normalised as address
          from contact_picture_place place join account on account.id = place.account_id
          where place.code = any(${[...codes]}::text[]) offset 0
        ) place
        -- One list of thousands that is hashed; as "not exists" it was a look-up for each of the thousands of places.
        where (place.address in (
          select address from suppression
          where lifted_at is null and created_at <= ${now} and (expires_at is null or expires_at > ${now})
        )) is not true
        group by place.code, place.person_key
      ) person
      where rank <= ${most}`.execute(this.db);
    return rows;
  }
}
