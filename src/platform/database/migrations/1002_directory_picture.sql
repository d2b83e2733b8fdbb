-- What the pages say of everybody's sign-in group, and of who can still be paid, as of one import: going through all
-- accounts takes seconds. It is worked out after each import and each start, and replaced whole. Pages and the API's
-- counts read it: plans and sends classify afresh.
create table directory_picture (
  only_row boolean     primary key default true check (only_row),
  -- The newest import that it knows of.
  version  bigint      not null,
  drawn_at timestamptz not null,
  -- Number of accounts in each segment.
  segments jsonb       not null
);

create table directory_picture_readiness (
  organisation            text    primary key,
  kind                    text    not null check (kind in ('practice', 'commissioner', 'region')),
  at_risk                 boolean not null,
  can_sign_in             integer not null,
  can_declare             integer not null,
  can_approve             integer not null,
  can_financially_approve integer not null,
  relies_on_unconfirmed   boolean not null,
  -- Of regions.
  practices_at_risk       integer,
  commissioners_at_risk   integer
);

-- Only whose turn it is: why, and what to do, is worked out for those that a page shows.
create table directory_picture_worklist (
  segment    text not null,
  account_id text collate "C" not null,
  primary key (segment, account_id)
);
