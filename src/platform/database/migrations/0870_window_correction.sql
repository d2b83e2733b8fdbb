-- Which versions of a window the campaigns have been brought in line with, whoever moved it and by whatever way. A
-- version without a row is work to do; a row is written together with the correction that it led to.
create table window_correction (
  window_id   uuid        not null references declaration_window,
  version     integer     not null,
  handled_at  timestamptz not null,
  -- The draft to those who were told other dates; null when nobody was.
  campaign_id uuid        references campaign (id),
  primary key (window_id, version)
);
