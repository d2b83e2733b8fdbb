-- What came back: bounces, complaints, automatic replies. The message itself is not kept, only what was read from it.
create table feedback_report (
  id               uuid        primary key,
  -- Of the raw message: the same report twice, from two mailboxes or after a crash, is one report.
  sha256           bytea       not null,
  -- How it arrived: imap, smtp, api, cli.
  source           text        not null,
  received_at      timestamptz not null,
  kind             text        not null
    check (kind in ('hard', 'soft', 'complaint', 'auto-reply', 'delivered', 'not-bounce')),
  feedback_type    text,
  -- The message whose signed return path the report came to; null when it proved none.
  message_id       uuid,
  -- Message-ID that the report claims, unproven: a hint for whoever reviews it.
  claimed_message  text,
  state            text        not null check (state in ('applied', 'review', 'waiting', 'ignored')),
  state_reason     text        not null,
  state_changed_at timestamptz not null,
  -- The words that decided, for the reviewer; may hold an address, so it is redacted with it.
  excerpt          text,
  redacted_at      timestamptz,
  constraint feedback_report_once unique (sha256)
);
-- The worklists: what waits for its message, what waits for a person. Both are short; applied reports pile up for years.
create index feedback_report_open on feedback_report (state, received_at, id) where state in ('waiting', 'review');
-- "What came back for this message?"
create index feedback_report_message on feedback_report (message_id) where message_id is not null;

create table feedback_recipient (
  report_id uuid     not null references feedback_report on delete cascade,
  ordinal   smallint not null,
  -- As reported, lower case; null where the report hides it, or once redacted.
  address   text,
  kind      text     not null,
  reason    text     not null,
  status    text,
  -- False for a notice of delay.
  gave_up   boolean  not null,
  primary key (report_id, ordinal)
);
create index feedback_recipient_address on feedback_recipient (address) where address is not null;

-- Failures that were proven and applied, by the address that was written to: repeated soft ones are counted here.
create table feedback_failure (
  report_id   uuid        primary key references feedback_report on delete cascade,
  message_id  uuid        not null,
  address     text        not null,
  kind        text        not null check (kind in ('hard', 'soft')),
  reason      text        not null,
  occurred_at timestamptz not null
);
-- Worklist of probable leavers: whose address is gone, newest last.
create index feedback_failure_gone on feedback_failure (occurred_at, report_id) where kind = 'hard';
create index feedback_failure_address on feedback_failure (address, reason, occurred_at);

-- Addresses whose owner does not want optional mail: an unsubscribe link, or a complaint. Service notices still go.
-- Kept when lifted: it is evidence.
create table opt_out (
  id         bigint      generated always as identity primary key,
  address    text        not null,
  -- unsubscribed or complaint.
  reason     text        not null check (reason in ('unsubscribed', 'complaint')),
  message_id uuid        not null,
  created_at timestamptz not null,
  lifted_at  timestamptz,
  lifted_by  text,
  check ((lifted_at is null) = (lifted_by is null))
);
-- One standing wish an address: a link scanner or a second click adds nothing.
create unique index opt_out_standing on opt_out (address) where lifted_at is null;
