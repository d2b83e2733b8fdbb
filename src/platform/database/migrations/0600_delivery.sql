-- The ledger of everything that is to be, or was, sent. It is written before anything is queued and never deleted:
-- what the queue holds may be lost at any time and is put back from here.

create type dispatch_state as enum ('waiting', 'running', 'paused', 'cancelled', 'finished');

-- One batch of a campaign that becomes due at one instant: its first mailing, or one step of its reminders.
create table dispatch (
  id              uuid           primary key,
  campaign_id     uuid           not null,
  purpose         text           not null,
  -- Template values that all its messages share; those of a message win.
  shared_values   jsonb          not null default '{}',
  due_at          timestamptz    not null,
  -- The first instant at which its messages may no longer leave ("before midday" is strictly before 12:00:00).
  expires_at      timestamptz    check (expires_at > due_at),
  rate_per_minute integer        check (rate_per_minute > 0),
  planned         integer        not null default 0,
  state           dispatch_state not null default 'waiting',
  created_at      timestamptz    not null,
  state_changed_at timestamptz   not null
);
create index dispatch_campaign on dispatch (campaign_id);
-- The reconciler looks at these every second; finished ones pile up for years.
create index dispatch_live on dispatch (due_at) where state in ('waiting', 'running', 'paused');

create type message_route as enum ('direct', 'cascade');

-- Who is told what, and why: written once, redactable, never changed otherwise. What becomes of a message is in
-- `delivery`, a narrow table, because that is rewritten two or three times a message at thousands a second and this
-- one carries five indexes.
create table message (
  id                 uuid          primary key,
  campaign_id        uuid          not null,
  dispatch_id        uuid          not null references dispatch,
  ordinal            integer       not null,
  person_key         text          not null,
  purpose            text          not null,
  account_ids        text[]        not null,
  organisation_codes text[]        not null,
  route              message_route not null,
  segment            text,
  address            text,
  -- HMAC of the normalised address: says after redaction whether a given address was written to.
  address_hash       text          not null,
  template           text          not null,
  template_version   text          not null,
  values             jsonb,
  guard              jsonb,
  redacted_at        timestamptz,
  -- Once to a person for a purpose in a campaign, whatever is planned twice. The person leads, so that the same index
  -- answers what somebody was sent.
  constraint message_once unique (person_key, campaign_id, purpose),
  -- Workers read a slice as one range of this.
  constraint message_place unique (dispatch_id, ordinal)
);
-- "Was practice A81001 told?" must be instant among millions.
create index message_organisations on message using gin (organisation_codes);
create index message_accounts on message using gin (account_ids);

create type message_state as enum (
  'planned', 'queued', 'sending', 'accepted', 'deferred', 'failed', 'unknown', 'expired', 'suppressed', 'cancelled',
  'bounced', 'complained'
);

create table delivery (
  dispatch_id      uuid          not null references dispatch,
  ordinal          integer       not null,
  message_id       uuid          not null,
  state            message_state not null,
  attempt          smallint      not null default 0,
  -- Times a message came back through no fault of its own (server unreachable or throttling).
  setbacks         smallint      not null default 0,
  -- The slice lease under which it was last sent: an acknowledgement counts only with the same epoch.
  epoch            integer       not null default 0,
  next_attempt_at  timestamptz,
  code             smallint,
  enhanced         text,
  reason           text,
  rendered_sha256  bytea,
  transport        text,
  accepted_at      timestamptz,
  state_changed_at timestamptz   not null,
  -- No other index, and room on each page: every change of state is a heap-only update.
  primary key (dispatch_id, ordinal)
) with (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.1);

-- A run of messages that one job drains. A worker leases it; the epoch counts the leases.
create table slice (
  id            uuid        primary key,
  dispatch_id   uuid        not null references dispatch,
  first_ordinal integer     not null,
  last_ordinal  integer     not null,
  -- When something in it can next be sent, by the service's clock; null when nothing is left to send.
  due_at        timestamptz,
  epoch         integer     not null default 0,
  leased_by     text,
  -- By the database's clock, which all workers share.
  lease_until   timestamptz,
  constraint slice_place unique (dispatch_id, first_ordinal),
  check ((leased_by is null) = (lease_until is null))
);
create index slice_due on slice (due_at) where due_at is not null;
create index slice_leased on slice (lease_until) where leased_by is not null;

-- Reasons not to write to an address (never a person). Kept when lifted or faded: it is evidence.
create table suppression (
  id         bigint      generated always as identity primary key,
  address    text        not null,
  reason     text        not null,
  source     text        not null,
  created_at timestamptz not null,
  expires_at timestamptz check (expires_at > created_at),
  lifted_at  timestamptz,
  lifted_by  text,
  check ((lifted_at is null) = (lifted_by is null))
);
create index suppression_active on suppression (address) where lifted_at is null;

-- How fast a transport may go: one row for each, shared by all workers, by the database's clock. Also one for each
-- dispatch that has a rate of its own.
create table pace (
  name          text        primary key,
  -- When the next message may leave: slots are handed out one interval apart, so that the spacing is even.
  next_slot_at  timestamptz not null default '-infinity',
  -- The London day that `day_used` counts.
  day           date,
  day_used      integer     not null default 0,
  -- Nothing leaves until then: the server throttled or was unreachable, or the day's budget is spent.
  closed_until  timestamptz not null default '-infinity',
  closed_reason text,
  -- How much trouble there was lately: each step means longer closures and smaller batches; 0 is full speed.
  trouble       smallint    not null default 0
);
