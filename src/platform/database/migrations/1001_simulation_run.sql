-- Simulations that were asked for on the pages, and what came of each. The work itself happens in a process of its own
-- on a scratch database; here stands only that it was asked for, that it still goes on, and its report.
create table simulation_run (
  id         uuid        primary key,
  window_id  uuid        not null references declaration_window,
  scenario   text        not null check (scenario in ('nobody-acts', 'most-act', 'smtp-down')),
  -- The version of the window that was simulated: moved dates make a report old.
  version    integer     not null,
  state      text        not null check (state in ('running', 'done', 'failed')),
  asked_by   text        not null,
  -- By the database's clock, as they say how long it takes in reality.
  started_at timestamptz not null default clock_timestamp(),
  heard_at   timestamptz not null default clock_timestamp(),
  ended_at   timestamptz,
  report     jsonb,
  fault      text
);
create index simulation_run_window on simulation_run (window_id, started_at desc);
-- One at a time: it keeps a processor busy.
create unique index simulation_run_one on simulation_run (state) where state = 'running';
