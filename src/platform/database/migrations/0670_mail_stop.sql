-- One row while somebody has stopped all mail: nothing may leave, whatever its campaign's state.
create table mail_stop (
  is_only boolean primary key default true check (is_only),
  since timestamptz not null,
  stopped_by text not null,
  reason text not null
);
