-- A policy also says what happens when a request is acknowledged and not passed on. Cascades that began before had no
-- such rungs, and what they were approved with stays.
update cascade set policy = policy || '{"notPassedOn": {"commissioner": [], "region": []}}'
where not policy ? 'notPassedOn';
