-- One communication: what is said (kind), to whom (audience), about which round (window), when, and who agreed.
create table campaign (
  id               uuid primary key,
  name             text        not null check (length(name) between 1 and 200),
  kind             text        not null,
  window_id        uuid        not null,
  audience         jsonb       not null,
  options          jsonb       not null,
  -- Null: at once when scheduled. Campaigns that follow a reminder ladder take their times from the window.
  launch_at        timestamptz,
  -- Waits, even when scheduled and due, until a person releases it ("the guidance is ready").
  held_back        boolean     not null default false,
  released_at      timestamptz,
  state            text        not null check (state in
    ('draft', 'in-review', 'approved', 'scheduled', 'sending', 'paused', 'finished', 'cancelled')),
  author           text        not null,
  -- What the approval binds to: a plan, by its hash. One changed character or recipient is another hash.
  approved_plan_id uuid,
  approved_hash    text,
  approved_by      text,
  approved_at      timestamptz,
  version          integer     not null default 1,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  check ((approved_hash is null) = (approved_by is null)),
  -- The second pair of eyes, held by the database as well as by the code.
  check (approved_by is null or approved_by <> author)
);
create index campaign_state on campaign (state);
create index campaign_window on campaign (window_id);

-- A plan says who gets what, when and by which route, who gets nothing and why. The approved one is the frozen
-- audience snapshot; the directory may change under it without altering it.
create table plan (
  id          uuid primary key,
  campaign_id uuid        not null references campaign (id),
  made_at     timestamptz not null,
  hash        text        not null,
  summary     jsonb       not null
);
create index plan_campaign on plan (campaign_id, made_at desc);

create table plan_recipient (
  plan_id            uuid   not null references plan (id) on delete cascade,
  -- "C": the order of bytes, in which the hash is made, whatever the locale of the server.
  person_key         text   collate "C" not null,
  -- Tells several e-mails of one campaign to one person apart: '' or the organisation that the e-mail is about.
  topic              text   collate "C" not null default '',
  account_ids        text[] not null,
  organisation_codes text[] not null,
  region_code        text,
  commissioner_code  text,
  segment            text   not null,
  rule               text   not null,
  route              text   not null check (route in ('direct', 'cascade', 'none')),
  -- Redacted, as are the values, when the campaign's retention ends.
  address            text,
  template           text,
  values             jsonb,
  -- Whose work holds a payment up and must still do so when a reminder leaves: [{organisation, actor}].
  obligations        jsonb,
  -- Why this person gets no e-mail of this campaign; null for those who do.
  excluded           text,
  primary key (plan_id, person_key, topic),
  check ((excluded is null) = (template is not null))
);

-- When a campaign acts: once for most, several times for a reminder ladder.
create table campaign_step (
  campaign_id uuid        not null references campaign (id),
  step_id     text        not null,
  label       text        not null,
  due_at      timestamptz not null,
  -- Exclusive: nothing of this step leaves at this instant or after it.
  expires_at  timestamptz,
  state       text        not null check (state in ('waiting', 'dispatched', 'skipped', 'cancelled')),
  dispatch_id uuid,
  note        text,
  handled_at  timestamptz,
  primary key (campaign_id, step_id)
);
-- The tick asks every few seconds which steps are due.
create index campaign_step_due on campaign_step (due_at) where state = 'waiting';
