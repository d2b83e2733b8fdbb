-- Append-only trail of who did what. Each entry's hash covers the entry and the hash before it, so that an altered or
-- missing row is found by `verify`. Sequence numbers come from audit_head and have no gaps: an identity column would
-- leave one at each rollback, and a gap would then prove nothing.
create table audit_entry (
  sequence      bigint      primary key check (sequence > 0),
  at            timestamptz not null,
  actor         text        not null,
  action        text        not null,
  subject       text        not null,
  details       jsonb       not null,
  previous_hash text        not null,
  hash          text        not null unique
);
-- The page of one campaign, import or account shows its own trail.
create index audit_entry_subject on audit_entry (subject, sequence);

-- Where the chain ends: one row that every writer locks, so that concurrent writers form one chain, and against
-- which a cut-off tail is noticed.
create table audit_head (
  only_row boolean primary key default true check (only_row),
  sequence bigint  not null,
  hash     text    not null
);
insert into audit_head (sequence, hash) values (0, repeat('0', 64));

create function audit_entry_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_entry is append-only';
end $$;
create trigger audit_entry_append_only before update or delete or truncate on audit_entry
  for each statement execute function audit_entry_is_append_only();
