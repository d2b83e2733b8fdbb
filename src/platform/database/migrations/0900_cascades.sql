-- A request on its way from regions and commissioners to practices: who was to pass it on to whom when it began
-- (frozen), and what became of it. No table here holds a name or an address: they are looked up when somebody who may
-- see them asks, so nothing here needs redaction.
create table cascade (
  -- The campaign's id; a drill has one of its own.
  id              uuid        primary key,
  name            text        not null,
  -- Null: a drill, which sends nothing.
  campaign_id     uuid        references campaign (id) check (campaign_id = id),
  -- Which plan was approved: the audience snapshot that this tree belongs to.
  plan_hash       text,
  policy          jsonb       not null,
  -- The newest import of each kind when the tree was frozen: {"organisations": 12, "accounts": 13, …}.
  snapshot        jsonb       not null,
  frozen_at       timestamptz not null,
  -- An answer after this instant counts, as late.
  answer_by       timestamptz not null,
  links_expire_at timestamptz not null,
  -- The newest import with which tree and worklists were compared.
  checked_batch   bigint      not null,
  -- One scheduler at a time works on a cascade, by the database's clock.
  lease_until     timestamptz,
  closed_at       timestamptz
);

create table cascade_organisation (
  cascade_id        uuid        not null references cascade,
  code              text        not null,
  kind              text        not null check (kind in ('region', 'commissioner', 'practice')),
  name              text        not null,
  region_code       text,
  -- Of a practice, its commissioner; of a commissioner, itself.
  commissioner_code text,
  state             text        not null default 'waiting' check (state in
    ('waiting', 'sent', 'delivered', 'undeliverable', 'acknowledged', 'passed-on', 'confirmed', 'done', 'declined')),
  -- Opened after the tree was frozen.
  joined_late       boolean     not null default false,
  -- What the directory says of it since the tree was frozen.
  change            text        check (change in ('closed', 'moved')),
  moved_to          text,
  -- Somebody there can be written to; when frozen, and by delivery since.
  has_contacts      boolean     not null,
  reachable         boolean     not null,
  -- Nobody there could act on a payment after the sign-in change: when frozen, and by the newest import.
  at_risk_before    boolean     not null,
  at_risk_now       boolean     not null,
  -- Links of earlier generations are revoked.
  link_generation   integer     not null default 1,
  sent_at           timestamptz,
  delivered_at      timestamptz,
  undeliverable_at  timestamptz,
  -- The first answer of any kind; whatever comes later is kept as a step.
  answered_at       timestamptz,
  answered_late     boolean     not null default false,
  acknowledged_at   timestamptz,
  passed_on_at      timestamptz,
  -- Who passed the message on to this organisation.
  passed_on_by      text,
  confirmed_at      timestamptz,
  done_at           timestamptz,
  declined_at       timestamptz,
  -- Escalation: how many rungs were taken for it, and when the last one.
  rung              smallint    not null default 0,
  rung_at           timestamptz,
  -- Why the service is to write to its people itself, past the commissioner; and when it did.
  direct_reason     text        check (direct_reason in ('silence', 'declined')),
  written_at        timestamptz,
  -- What a report counts a practice as: exactly one of these, so that parents are the sum of their children.
  coverage          text        generated always as (case
    when kind <> 'practice' then null
    when confirmed_at is not null or done_at is not null then 'confirmed'
    when change = 'closed' then 'closed'
    when passed_on_at is not null then 'passed-on'
    when not reachable then 'unreachable'
    else 'silent' end) stored,
  primary key (cascade_id, code)
);
-- A commissioner's practices, for its page, its worklist and the report.
create index cascade_organisation_commissioner on cascade_organisation (cascade_id, commissioner_code, code);
-- "Was this practice told?" over all cascades.
create index cascade_organisation_code on cascade_organisation (code);

-- Everything that happened, never changed: the evidence behind the present state.
create table cascade_step (
  id         bigint      generated always as identity primary key,
  cascade_id uuid        not null,
  code       text        not null,
  action     text        not null check (action in
    ('sent', 'delivered', 'undeliverable', 'acknowledge', 'pass-on', 'confirm', 'finish', 'decline', 'reroute',
     'escalate', 'revoke-links', 'join', 'close', 'move')),
  at         timestamptz not null,
  late       boolean     not null default false,
  -- 'link:<organisation>' from a page that needs no sign-in, 'person:…' or 'key:…' for somebody signed in, 'system:…'.
  actor      text        not null,
  -- Codes, counts and reasons; never a name or an address.
  details    jsonb       not null default '{}',
  foreign key (cascade_id, code) references cascade_organisation
);
create index cascade_step_organisation on cascade_step (cascade_id, code, id);

-- Who stands for an organisation, in the order in which they are turned to. Frozen.
create table cascade_contact (
  cascade_id uuid     not null,
  code       text     not null,
  -- 1 is turned to first; the others are deputies.
  rank       smallint not null,
  account_id text     not null,
  person_key text     not null,
  duties     text[]   not null,
  is_shared  boolean  not null,
  primary key (cascade_id, code, rank),
  foreign key (cascade_id, code) references cascade_organisation
);

-- Accounts whose holder needs help to sign in after the change, in each organisation of theirs.
create table cascade_help (
  cascade_id  uuid        not null,
  account_id  text        not null,
  code        text        not null,
  need        text        not null check (need in ('mismatched', 'unknown', 'unreachable')),
  resolved_at timestamptz,
  resolution  text        check (resolution in ('new-account', 'corrected', 'gone')),
  -- The account that took its place, with at least the same roles.
  replaced_by text,
  primary key (cascade_id, account_id, code),
  foreign key (cascade_id, code) references cascade_organisation,
  check ((resolved_at is null) = (resolution is null))
);
create index cascade_help_open on cascade_help (cascade_id, code) where resolved_at is null;

-- Which silence was escalated in which message, so that an answer stops what has not left.
create table cascade_escalation (
  id         bigint      generated always as identity primary key,
  cascade_id uuid        not null,
  code       text        not null,
  rung       smallint    not null,
  target     text        not null check (target in ('deputy', 'parent', 'team', 'practices')),
  purpose    text        not null,
  at         timestamptz not null,
  messages   integer     not null,
  stopped_at timestamptz,
  unique (cascade_id, code, rung, purpose),
  foreign key (cascade_id, code) references cascade_organisation
);
create index cascade_escalation_purpose on cascade_escalation (cascade_id, purpose);
