-- How many messages of a dispatch are in each state, and how many a mail server took in each minute. Counting the rows
-- of `delivery` takes 25 ms for 100,000 of them, and every page that shows progress counts those of several campaigns.
--
-- Rows are added and never changed while messages move: each statement that moves some adds what it took from one state
-- and gave to another, in the same transaction, so that workers never wait for each other here and the sums are exact.
-- No foreign key: checking it would lock the dispatch for every statement of every worker.
create table delivery_tally (
  dispatch_id uuid          not null,
  state       message_state not null,
  -- When a mail server took them, to the minute; null where none did.
  minute      timestamptz,
  -- Below zero for those that left the state.
  messages    integer       not null
);
create index delivery_tally_dispatch on delivery_tally (dispatch_id);
-- What left in the last hours, of all campaigns.
create index delivery_tally_minute on delivery_tally (minute) where minute is not null;

-- Messages that may or may not have arrived, for the worklist: few among millions. An index on the state of `delivery`
-- would keep its updates from being heap-only.
create table delivery_unknown (
  dispatch_id uuid    not null,
  ordinal     integer not null,
  primary key (dispatch_id, ordinal)
);

create function tally_new_deliveries() returns trigger language plpgsql as $$
begin
  insert into delivery_tally
  select dispatch_id, state, date_trunc('minute', accepted_at), count(*) from added group by 1, 2, 3;
  insert into delivery_unknown select dispatch_id, ordinal from added where state = 'unknown';
  return null;
end $$;
create trigger delivery_added after insert on delivery
  referencing new table as added for each statement execute function tally_new_deliveries();

create function tally_moved_deliveries() returns trigger language plpgsql as $$
begin
  insert into delivery_tally
  select dispatch_id, state, minute, sum(messages) from (
    select dispatch_id, state, date_trunc('minute', accepted_at) as minute, -1 as messages from before_change
    union all
    select dispatch_id, state, date_trunc('minute', accepted_at), 1 from after_change
  ) as moved
  group by 1, 2, 3 having sum(messages) <> 0;
  delete from delivery_unknown gone using before_change before
  where before.state = 'unknown' and gone.dispatch_id = before.dispatch_id and gone.ordinal = before.ordinal;
  insert into delivery_unknown select dispatch_id, ordinal from after_change where state = 'unknown';
  return null;
end $$;
create trigger delivery_moved after update on delivery
  referencing old table as before_change new table as after_change
  for each statement execute function tally_moved_deliveries();

-- A dispatch that has ended changes little any more: one row is left for each state and minute.
create function close_tally() returns trigger language plpgsql as $$
begin
  with taken as (
    delete from delivery_tally where dispatch_id = new.id returning state, minute, messages
  )
  insert into delivery_tally
  select new.id, state, minute, sum(messages) from taken group by 2, 3 having sum(messages) <> 0;
  return null;
end $$;
create trigger dispatch_ended after update of state on dispatch
  for each row when (new.state in ('finished', 'cancelled') and old.state <> new.state) execute function close_tally();

insert into delivery_tally
select dispatch_id, state, date_trunc('minute', accepted_at), count(*) from delivery group by 1, 2, 3;
insert into delivery_unknown select dispatch_id, ordinal from delivery where state = 'unknown';
