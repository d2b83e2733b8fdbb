-- Nothing in the database looks inside these: as jsonb each was taken apart when it was written, and put together again
-- when it was read.
alter table message alter column values type json;
