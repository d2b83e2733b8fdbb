-- Of what the campaign said when the plan was made: after an edit that plan is no longer one of it. Older plans have none,
-- and stay what they were.
alter table plan add column content_hash text;
