import { type RawBuilder, sql } from 'kysely';
import { type ImportKind } from './directory.tables.js';
import { type Trx } from './staging.js';

/** Key of the row as an organisation's version was before a batch gave it later dates. */
export const VERSION_KEY = 'version/';

/** How each kind goes back to what it was before a batch; undefined where that cannot be known. */
export const RESTORES: Readonly<Record<ImportKind, ((trx: Trx, batchId: number) => Promise<void>) | undefined>> = {
  async organisations(trx, batchId) {
    await removeAdded(trx, 'organisation', 'code', batchId);
    await sql`
      update organisation o set kind = was.kind, name = was.name, status = was.status, region_code = was.region_code,
        icb_code = was.icb_code, commissioner_code = was.commissioner_code, is_gp_practice = was.is_gp_practice,
        postcode = was.postcode, opened_on = was.opened_on, closed_on = was.closed_on, joined_on = was.joined_on,
        left_on = was.left_on, facts_hash = was.facts_hash, batch_id = was.batch_id
      from ${before('organisation', batchId)} where o.code = p.key`.execute(trx);
    await sql`delete from organisation_version where batch_id = ${batchId}`.execute(trx);
    await sql`
      update organisation_version v set dated_on = was.dated_on, file_dated_on = was.file_dated_on
      from ${before('organisation_version', batchId)}
      where p.key = ${VERSION_KEY} || v.code || '/' || v.facts_hash`.execute(trx);
  },

  async accounts(trx, batchId) {
    await removeAdded(trx, 'account', 'id', batchId);
    await sql`
      update account a set first_name = was.first_name, last_name = was.last_name, email = was.email,
        email_normalised = was.email_normalised, status = was.status, last_sign_in = was.last_sign_in,
        name_key = was.name_key, gone_at = was.gone_at, facts_hash = was.facts_hash, batch_id = was.batch_id
      from ${before('account', batchId)} where a.id = p.key`.execute(trx);
    await sql`delete from membership m using import_previous p where p.batch_id = ${batchId} and m.account_id = p.key`.execute(
      trx,
    );
    await sql`
      insert into membership (account_id, organisation_code, roles, unknown_roles)
      select p.key, m.organisation_code, m.roles, m.unknown_roles
      from import_previous p, jsonb_populate_recordset(null::membership, nullif(p.before -> 'memberships', 'null')) m
      where p.batch_id = ${batchId}`.execute(trx);
  },

  async nhsmail(trx, batchId) {
    await removeAdded(trx, 'nhsmail_entry', 'address', batchId);
    await sql`
      update nhsmail_entry e set first_name = was.first_name, last_name = was.last_name, name_key = was.name_key,
        organisation_code = was.organisation_code, type = was.type, status = was.status,
        cqrs_account_id = was.cqrs_account_id, gone_at = was.gone_at, facts_hash = was.facts_hash,
        batch_id = was.batch_id
      from ${before('nhsmail_entry', batchId)} where e.address = p.key`.execute(trx);
    await sql`delete from nhsmail_alias l using import_previous p where p.batch_id = ${batchId} and l.address = p.key`.execute(
      trx,
    );
    await sql`
      insert into nhsmail_alias (alias, address)
      select alias, p.key from import_previous p, jsonb_array_elements_text(nullif(p.before -> 'aliases', 'null')) alias
      where p.batch_id = ${batchId}`.execute(trx);
  },

  async 'no-nhsmail'(trx, batchId) {
    await removeAdded(trx, 'no_nhsmail', 'account_id', batchId);
    await sql`
      insert into no_nhsmail (account_id, confirmed_on, batch_id)
      select was.account_id, was.confirmed_on, was.batch_id from ${before('no_nhsmail', batchId)}
      on conflict (account_id) do update set confirmed_on = excluded.confirmed_on, batch_id = excluded.batch_id`.execute(
      trx,
    );
  },

  // Reports of single declarations come between the files, and what they overwrote is not kept.
  declarations: undefined,
};

/** Rows of the batch that were not there before it. */
async function removeAdded(trx: Trx, table: string, key: string, batchId: number): Promise<void> {
  await sql`
    delete from ${sql.table(table)} t where t.batch_id = ${batchId} and not exists (
      select from import_previous p where p.batch_id = ${batchId} and p.key = t.${sql.ref(key)}
    )`.execute(trx);
}

/** The rows as they were: `p` with the key, `was` with the columns of the table. */
function before(table: string, batchId: number): RawBuilder<unknown> {
  return sql`(select * from import_previous where batch_id = ${batchId}) p
    cross join lateral jsonb_populate_record(null::${sql.table(table)}, p.before) was`;
}
