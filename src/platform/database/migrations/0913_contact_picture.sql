-- Who could be turned to in each organisation as of one import, in order, so that a page can say at once how many
-- a drill would write to. Replaced whole, with the picture of the directory that the pages keep; what is sent is worked
-- out afresh.
create table contact_picture (
  only_row boolean primary key default true check (only_row),
  -- The newest import that it knows of.
  version  bigint  not null
);

-- A person has as many places in an organisation as accounts there; which address takes mail is asked at each reading.
create table contact_picture_place (
  code       text    collate "C" not null,
  place      integer not null,
  account_id text    collate "C" not null,
  person_key text    collate "C" not null,
  primary key (code, place)
);
