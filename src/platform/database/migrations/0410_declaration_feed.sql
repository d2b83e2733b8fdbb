-- One row: when a report of declarations last came, also one that told nothing new. Reminders go by these reports.
create table declaration_feed (
  is_only boolean primary key default true check (is_only),
  heard_at timestamptz not null
);
insert into declaration_feed (heard_at)
select max(applied_at) from import_batch where kind = 'declarations' having max(applied_at) is not null;
