-- Append-only trail of who did what. Each entry's hash covers the entry and the hash before it, so that an altered or
-- missing row is found by `verify`.
create table audit_entry (
  sequence      bigint generated always as identity primary key,
  at            timestamptz not null,
  actor         text        not null,
  action        text        not null,
  subject       text        not null,
  details       jsonb       not null default '{}',
  previous_hash text        not null,
  hash          text        not null unique
);
-- The page of one campaign, import or account shows its own trail.
create index audit_entry_subject on audit_entry (subject, sequence);

create function audit_entry_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_entry is append-only';
end $$;
create trigger audit_entry_append_only before update or delete on audit_entry
  for each statement execute function audit_entry_is_append_only();
