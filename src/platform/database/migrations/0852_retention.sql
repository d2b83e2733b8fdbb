-- What has outlived its purpose is redacted once; these say what still holds personal data, oldest first.
alter table dispatch add column redacted_at timestamptz;
create index dispatch_unredacted on dispatch (due_at) where redacted_at is null;

alter table plan add column redacted_at timestamptz;
create index plan_unredacted on plan (made_at) where redacted_at is null;

create index feedback_report_unredacted on feedback_report (received_at) where redacted_at is null;
