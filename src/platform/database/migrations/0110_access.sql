-- Everybody who ever signed in. Rows stay when somebody leaves: the audit trail names them by id.
create table person (
  id           uuid        primary key,
  issuer       text        not null,
  subject      text        not null,
  display_name text        not null,
  roles        text[]      not null default '{}',
  region       text,
  version      integer     not null default 1,
  created_at   timestamptz not null,
  unique (issuer, subject)
);

-- A signed-in browser. The cookie's value is not here, only its SHA-256: a stolen copy of this table opens nothing.
create table session (
  id_hash      text        primary key,
  person_id    uuid        not null references person (id),
  created_at   timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at   timestamptz not null
);
-- Expired sessions are removed in passing.
create index session_expiry on session (expires_at);

-- The links printed at the start, each good for one sign-in: using one deletes it.
create table sign_in_link (
  token_hash text        primary key,
  expires_at timestamptz not null
);

create table api_key (
  id           uuid        primary key,
  prefix       text        not null unique,
  secret_hash  text        not null,
  name         text        not null,
  permissions  text[]      not null,
  region       text,
  created_by   text        not null,
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  revoked_at   timestamptz,
  -- A day is enough to find keys that nobody uses, and spares a write for each request.
  last_used_on date
);
