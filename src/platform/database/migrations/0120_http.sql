-- Answers to requests that carried an Idempotency-Key. `status` is null while the first request is being worked on;
-- `claimed_until` frees the key when that process died. Answers are encrypted: one of them holds a new API key.
create table idempotency_key (
  caller        text        not null,
  key           text        not null,
  fingerprint   text        not null,
  claimed_until timestamptz not null,
  status        smallint,
  headers       jsonb,
  body          text,
  expires_at    timestamptz not null,
  primary key (caller, key)
);
create index idempotency_key_expiry on idempotency_key (expires_at);

-- How many requests a caller made of a route in the current window. Unlogged: losing it in a crash costs nothing.
create unlogged table request_rate (
  key       text        primary key,
  hits      integer     not null,
  resets_at timestamptz not null
);
create index request_rate_reset on request_rate (resets_at);
