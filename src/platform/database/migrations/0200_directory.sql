-- Who there is: organisations (ODS), accounts (CQRS export) and the NHSmail directory. Written by imports only.

create table import_batch (
  id            bigint generated always as identity primary key,
  kind          text        not null check (kind in ('organisations', 'accounts', 'nhsmail', 'no-nhsmail', 'declarations')),
  -- [{name, sha256, rows, bytes, format, ...}] as in the report, without the folder the files lay in.
  files         jsonb       not null,
  added         integer     not null,
  changed       integer     not null,
  gone          integer     not null,
  unchanged     integer     not null,
  imported_by   text        not null,
  applied_at    timestamptz not null
);
create index import_batch_kind on import_batch (kind, id desc);

-- The row as it was before a batch changed it or marked it gone; rows that a batch added carry its batch_id and have
-- no entry here. Together that is enough to undo the last batch.
create table import_previous (
  batch_id      bigint not null references import_batch on delete cascade,
  key           text   not null,
  before        jsonb  not null,
  primary key (batch_id, key)
);

-- Every distinct version of an organisation that any file has told of. The organisation is its newest version, so the
-- order in which the files arrive cannot matter.
create table organisation_version (
  code              text    not null,
  -- Hash of the facts below: the same facts in a second file are the same version.
  facts_hash        text    not null,
  -- These two order the versions: see organisation-version.rules.ts.
  dated_on          date    not null,
  file_dated_on     date    not null,
  kind              text    not null check (kind in ('region', 'icb', 'commissioner', 'practice', 'trust', 'other')),
  name              text    not null,
  status            text    not null check (status in ('active', 'closed', 'dormant', 'proposed')),
  region_code       text,
  icb_code          text,
  commissioner_code text,
  is_gp_practice    boolean not null,
  postcode          text,
  opened_on         date,
  closed_on         date,
  joined_on         date,
  left_on           date,
  batch_id          bigint  not null references import_batch,
  primary key (code, facts_hash)
);

create table organisation (
  code              text    primary key,
  kind              text    not null check (kind in ('region', 'icb', 'commissioner', 'practice', 'trust', 'other')),
  name              text    not null,
  status            text    not null check (status in ('active', 'closed', 'dormant', 'proposed')),
  region_code       text,
  icb_code          text,
  -- Not a foreign key: a parent that no file knows is reported, and the practice is kept.
  commissioner_code text,
  -- A GP practice of England, open or not: ODS prescribing setting 4 outside Wales.
  is_gp_practice    boolean not null,
  postcode          text,
  opened_on         date,
  closed_on         date,
  -- When it joined (and left) its commissioner.
  joined_on         date,
  left_on           date,
  facts_hash        text    not null,
  batch_id          bigint  not null references import_batch
);
-- A commissioner's practices, in code order: cascades and readiness.
create index organisation_commissioner on organisation (commissioner_code, code) where is_gp_practice;
create index organisation_kind on organisation (kind, code);

-- Closures, moves and renames, each with the date the file gives it: one row for each fact that differs from the
-- version before.
create view organisation_history as
with ordered as (
  select v.*,
    lag(v.code) over w as before_code,
    lag(v.status) over w as before_status, lag(v.name) over w as before_name,
    lag(v.region_code) over w as before_region, lag(v.icb_code) over w as before_icb,
    lag(v.commissioner_code) over w as before_commissioner
  from organisation_version v
  window w as (partition by v.code order by v.dated_on, v.file_dated_on, v.facts_hash)
)
select o.code, change.field, change.before_value, change.after_value, change.effective_on, o.batch_id
from ordered o
cross join lateral (values
  ('status', o.before_status, o.status, coalesce(o.closed_on, o.file_dated_on)),
  ('name', o.before_name, o.name, o.file_dated_on),
  ('region', o.before_region, o.region_code, o.file_dated_on),
  ('icb', o.before_icb, o.icb_code, o.file_dated_on),
  ('commissioner', o.before_commissioner, o.commissioner_code, coalesce(o.joined_on, o.file_dated_on))
) as change (field, before_value, after_value, effective_on)
where o.before_code is not null and change.before_value is distinct from change.after_value;

create table account (
  id               text   primary key,
  first_name       text   not null,
  last_name        text   not null,
  -- As registered in CQRS, good or bad; null when the export has none.
  email            text,
  -- Null when the registered text is no address (or absent).
  email_normalised text,
  -- 'disabled' also once the account has gone from the export; gone_at then says so.
  status           text   not null check (status in ('active', 'disabled')),
  last_sign_in     date,
  -- Equal for two spellings of one full name; empty when half of the name is missing.
  name_key         text   not null,
  gone_at          timestamptz,
  -- Hash of the account and its memberships as imported: a re-import compares this alone.
  facts_hash       text   not null default '',
  batch_id         bigint not null references import_batch
);
-- Other accounts at the same address, and other accounts of the same person.
create index account_email_normalised on account (email_normalised);
create index account_name_key on account (name_key) where name_key <> '';

create table membership (
  account_id        text   not null references account on delete cascade,
  -- Not a foreign key: an organisation that no file knows is reported, and the membership is kept.
  organisation_code text   not null,
  roles             text[] not null,
  unknown_roles     text[] not null,
  primary key (account_id, organisation_code)
);
create index membership_organisation on membership (organisation_code, account_id);

create table nhsmail_entry (
  address           text   primary key,
  first_name        text   not null,
  last_name         text   not null,
  name_key          text   not null,
  organisation_code text,
  type              text   not null check (type in ('person', 'shared', 'application', 'list')),
  -- 'deleted' also once the address has gone from the extract; gone_at then says so.
  status            text   not null check (status in ('active', 'inactive', 'leaver', 'disabled', 'deleted')),
  cqrs_account_id   text,
  gone_at           timestamptz,
  -- Hash of the entry and its aliases as imported.
  facts_hash        text   not null default '',
  batch_id          bigint not null references import_batch
);
-- The link somebody recorded is the best evidence; a person may have several entries.
create index nhsmail_entry_account on nhsmail_entry (cqrs_account_id) where cqrs_account_id is not null;
-- Full name within one organisation.
create index nhsmail_entry_name on nhsmail_entry (name_key, organisation_code) where name_key <> '';

create table nhsmail_alias (
  alias         text not null,
  address       text not null references nhsmail_entry on delete cascade,
  primary key (alias, address)
);
create index nhsmail_alias_address on nhsmail_alias (address);

create table no_nhsmail (
  account_id    text   primary key,
  confirmed_on  date   not null,
  batch_id      bigint not null references import_batch
);
