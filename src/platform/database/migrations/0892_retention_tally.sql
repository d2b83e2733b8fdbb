-- What purges have taken people out of and the audit trail does not say yet: written with each step of a purge, so that
-- one that breaks off half-way is told of by the next.
create table retention_tally (
  class text   primary key,
  rows  bigint not null
);
