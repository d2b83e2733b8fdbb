-- Each scheduler process writes here at every tick, so that one whose clock stopped ticking is noticed.
create table scheduler_heartbeat (
  process text        primary key,
  beat_at timestamptz not null
);
