-- Who looks at a plan asks for one person by account, and for one e-mail of each template. The rows are wide (they hold
-- the values of the e-mail), so that reading 100,000 of them takes over half a second.
create index plan_recipient_accounts on plan_recipient using gin (account_ids);
create index plan_recipient_template on plan_recipient (plan_id, template) where excluded is null;
create index plan_recipient_excluded on plan_recipient (plan_id, person_key, topic) where excluded is not null;
