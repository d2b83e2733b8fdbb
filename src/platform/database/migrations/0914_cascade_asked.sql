-- Who was asked and has not answered, what comes next, and how far each has come: a hundred regions and commissioners
-- among the thousands of practices of a tree, on every page of a cascade and at every tick.
create index cascade_organisation_asked on cascade_organisation (cascade_id, code) where kind in ('region', 'commissioner');
