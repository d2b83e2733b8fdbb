-- The id of a step's dispatch follows from the campaign and the step: nothing was ever written here.
alter table campaign_step drop column dispatch_id;
