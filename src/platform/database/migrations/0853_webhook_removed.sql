-- A webhook that is removed at this moment is waited for and left out. Found without its lock, it was gone when the row
-- about it was to be written, and what had happened (an outcome, a campaign's new state) was not written down either.
create or replace function emit_webhook_event(event_type text, happened_at timestamptz, event_data jsonb) returns void
language sql as $$
  with subscriber as materialized (
    select id from webhook where state = 'active' and event_type = any(events) for key share
  ), event as (
    insert into webhook_event (type, occurred_at, data)
    select event_type, happened_at, event_data where exists (select from subscriber)
    returning id
  )
  insert into webhook_delivery (webhook_id, event_id, state, next_attempt_at)
  select subscriber.id, event.id, 'pending', happened_at from subscriber, event
$$;
