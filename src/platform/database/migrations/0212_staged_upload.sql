-- Files between their check and their import, where every web process finds them: another one may be asked to apply.
-- They hold personal data and go within the hour. Unlogged: losing one in a crash costs an upload.
create unlogged table staged_upload (
  id          uuid        primary key,
  kind        text        not null,
  name        text        not null,
  bytes       bigint      not null,
  report      jsonb       not null,
  uploaded_at timestamptz not null default clock_timestamp()
);
create unlogged table staged_upload_part (
  upload_id uuid    not null references staged_upload on delete cascade,
  ordinal   integer not null,
  content   bytea   not null,
  primary key (upload_id, ordinal)
);
-- Compressing again what is a workbook already, or is read once, only takes time.
alter table staged_upload_part alter column content set storage external;
