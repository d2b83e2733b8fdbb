-- Programs that want to be told what happens. Events are written by triggers, so that whatever changes a campaign or a
-- message also writes the event, in the same transaction: neither can be there without the other.
create table webhook (
  id              uuid        primary key,
  url             text        not null,
  description     text        not null,
  events          text[]      not null check (cardinality(events) > 0),
  -- Encrypted under the configured secret: it signs, so it cannot be hashed.
  sealed_secret   text        not null,
  state           text        not null check (state in ('active', 'disabled')),
  disabled_reason text,
  -- Since when every delivery has failed; null after a success.
  failing_since   timestamptz,
  created_by      text        not null,
  created_at      timestamptz not null,
  check ((state = 'disabled') = (disabled_reason is not null))
);

-- Ids and states only.
create table webhook_event (
  id          bigint      generated always as identity primary key,
  type        text        not null,
  occurred_at timestamptz not null,
  data        jsonb       not null
);

create table webhook_delivery (
  id              bigint      generated always as identity primary key,
  webhook_id      uuid        not null references webhook on delete cascade,
  event_id        bigint      not null references webhook_event on delete cascade,
  state           text        not null check (state in ('pending', 'delivered', 'abandoned')),
  attempts        integer     not null default 0,
  -- Also the lease: whoever tries puts it two minutes ahead.
  next_attempt_at timestamptz,
  last_attempt_at timestamptz,
  last_status     integer,
  -- A code, never a text of the other side.
  last_error      text,
  unique (webhook_id, event_id),
  check ((state = 'pending') = (next_attempt_at is not null))
);
create index webhook_delivery_due on webhook_delivery (next_attempt_at) where state = 'pending';
-- The log of one webhook, newest first.
create index webhook_delivery_log on webhook_delivery (webhook_id, id desc);
create index webhook_delivery_event on webhook_delivery (event_id);

create function emit_webhook_event(event_type text, happened_at timestamptz, event_data jsonb) returns void
language sql as $$
  with subscriber as (
    select id from webhook where state = 'active' and event_type = any(events)
  ), event as (
    insert into webhook_event (type, occurred_at, data)
    select event_type, happened_at, event_data where exists (select from subscriber)
    returning id
  )
  insert into webhook_delivery (webhook_id, event_id, state, next_attempt_at)
  select subscriber.id, event.id, 'pending', happened_at from subscriber, event
$$;

create function tell_campaign_state() returns trigger language plpgsql as $$
begin
  perform emit_webhook_event('campaign.state-changed', new.updated_at, jsonb_build_object(
    'campaign', new.id, 'version', new.version, 'state', new.state,
    'before', case when tg_op = 'UPDATE' then old.state end
  ));
  return null;
end $$;
create trigger campaign_added after insert on campaign for each row execute function tell_campaign_state();
create trigger campaign_state_changed after update on campaign for each row
  when (old.state <> new.state) execute function tell_campaign_state();

-- Once a statement: outcomes are written hundreds at a time, and become one event for each 500.
create function tell_message_outcomes() returns trigger language plpgsql as $$
begin
  if not exists (select from webhook where state = 'active' and 'message.outcomes' = any(events)) then
    return null;
  end if;
  perform emit_webhook_event('message.outcomes', part.happened_at,
    jsonb_build_object('campaign', part.campaign_id, 'messages', part.messages))
  from (
    select campaign_id, max(state_changed_at) as happened_at,
      jsonb_agg(jsonb_build_object('message', message_id, 'state', state) order by position) as messages
    from (
      select dispatch.campaign_id, after.message_id, after.state, after.state_changed_at,
        row_number() over (partition by dispatch.campaign_id order by after.dispatch_id, after.ordinal) as position
      from after_change after
      join before_change before using (dispatch_id, ordinal)
      join dispatch on dispatch.id = after.dispatch_id
      where after.state <> before.state and after.state in
        ('accepted', 'failed', 'unknown', 'expired', 'suppressed', 'cancelled', 'bounced', 'complained')
    ) as outcome
    group by campaign_id, (position - 1) / 500
  ) as part;
  return null;
end $$;
create trigger delivery_outcomes after update on delivery
  referencing old table as before_change new table as after_change
  for each statement execute function tell_message_outcomes();
