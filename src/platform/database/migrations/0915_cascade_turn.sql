-- A lease outlived whoever could not give it back; a lock of the session does not.
alter table cascade drop column lease_until;
