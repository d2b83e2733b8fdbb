-- Which request holds the key, so that it can ask again after an answer that was lost; and whether what it does was kept:
-- set in the transaction that does it, so that nothing is done again because its answer was lost.
alter table idempotency_key
  add column holder uuid,
  add column done   boolean not null default false;
