-- A relay counts the messages of the last 24 hours (Exchange Online: 10,000), not those of a day in London: what left at
-- 23:00 still counts at 01:00. A row for each minute in which a transport with such a limit was used, removed when it
-- no longer counts; `pace.used` is their sum, as the lock on that row makes the workers take turns.
create table pace_minute (
  name   text        not null,
  minute timestamptz not null,
  used   integer     not null,
  primary key (name, minute)
);
alter table pace add column used integer not null default 0;
-- What was counted today counts as if it left now: too cautious, for a day.
insert into pace_minute
select name, date_trunc('minute', clock_timestamp()), day_used from pace
where day = (clock_timestamp() at time zone 'Europe/London')::date and day_used > 0;
update pace set used = pace_minute.used from pace_minute where pace_minute.name = pace.name;
alter table pace drop column day, drop column day_used;
