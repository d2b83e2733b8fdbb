-- Somebody whose access was closed. The row stays, as the audit trail names it.
alter table person add column deactivated_at timestamptz;

-- The audit trail is read by who did something, by what kind of thing was done, and by day; newest first.
create index audit_entry_actor on audit_entry (actor, sequence);
create index audit_entry_area on audit_entry (split_part(action, '.', 1), sequence);
create index audit_entry_at on audit_entry (at, sequence);
