-- An import that puts back what the import it names had changed. Whatever watches for new imports sees it as one.
alter table import_batch add column undoes bigint unique references import_batch;
