-- Who may see a campaign: people of one region see the campaigns whose whole audience lies in it.
alter table campaign add column region text;
create index campaign_region on campaign (region, created_at desc, id desc) where region is not null;
