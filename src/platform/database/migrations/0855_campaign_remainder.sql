-- The campaign whose message this one takes to whoever that did not reach. Never another remainder: all of them look back
-- at the first, so that two of them leave out each other's people too.
alter table campaign add column remainder_of uuid references campaign (id);
create index campaign_remainder_of on campaign (remainder_of) where remainder_of is not null;
