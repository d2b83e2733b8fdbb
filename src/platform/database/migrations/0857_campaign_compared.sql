-- The newest import when the unsent messages of a campaign were last compared with the directory: what a newer one says of
-- somebody else than what they were to be told must stop the message. No foreign key: nothing follows from it but that.
alter table campaign add column directory_version bigint;
