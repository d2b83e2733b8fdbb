-- Payment rounds: when their declarations must be approved, and how far each declaration has come.

create table declaration_window (
  id                uuid         primary key,
  name              text         not null,
  -- Null is every service, every period.
  service           text,
  period            text,
  -- What people were told: Europe/London wall clocks. Beside each the instant that it meant when it was set, so that
  -- whatever is due can be found by an index and without the rules of the clocks.
  cutoff            timestamp(0) not null,
  cutoff_at         timestamptz  not null,
  reopening         timestamp(0) not null,
  reopening_at      timestamptz  not null,
  pcse              timestamp(0) not null,
  pcse_at           timestamptz  not null,
  sign_in_change    timestamp(0),
  sign_in_change_at timestamptz,
  reminder_policy   jsonb        not null,
  version           integer      not null check (version > 0),
  -- When the times were given or moved last; reminders due before it belong to other times.
  times_set_at      timestamptz  not null,
  created_at        timestamptz  not null,
  updated_at        timestamptz  not null,
  -- Commands and people name a window by it.
  unique (name),
  check (cutoff_at < reopening_at),
  check (reopening_at <= pcse_at),
  check ((sign_in_change is null) = (sign_in_change_at is null))
);
-- The scheduler reads the windows whose cutoff is still to come.
create index declaration_window_cutoff on declaration_window (cutoff_at);

-- Every change of a window, so that the date somebody was told at any version can be shown again.
create table declaration_window_change (
  window_id  uuid        not null references declaration_window,
  -- The version that the change made.
  version    integer     not null check (version > 1),
  changed_at timestamptz not null,
  changed_by text        not null,
  reason     text        not null,
  before     jsonb       not null,
  after      jsonb       not null,
  primary key (window_id, version)
);
create function declaration_window_change_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'declaration_window_change is append-only';
end $$;
create trigger declaration_window_change_append_only before update or delete or truncate on declaration_window_change
  for each statement execute function declaration_window_change_is_append_only();

-- In the order of the path: of two reports of one instant the one further along wins. A declaration can only be
-- returned after it was declared.
create type declaration_status as enum ('not-declared', 'declared', 'returned', 'approved', 'financially-approved');

create table declaration (
  -- Not a foreign key: an organisation that no file knows is reported, and its declaration is kept.
  organisation_code    text               not null,
  service              text               not null,
  period               text               not null,
  declaration_required boolean            not null,
  approval_required    boolean            not null,
  status               declaration_status not null,
  updated_at           timestamptz        not null,
  -- blockerOf in declaration.rules.ts, row by row; a test holds the two together.
  blocker              text               not null generated always as (
    case
      when not declaration_required then 'nobody'
      when status in ('not-declared', 'returned') then 'practice'
      when status = 'declared' and approval_required or status = 'approved' then 'commissioner'
      else 'nobody'
    end
  ) stored,
  primary key (organisation_code, service, period)
);
-- Who still blocks, for all of England and again for each slice right before it is sent. Near a cutoff most rows
-- block nobody, and those are not in it.
create index declaration_blocker on declaration (organisation_code, blocker) where blocker <> 'nobody';
