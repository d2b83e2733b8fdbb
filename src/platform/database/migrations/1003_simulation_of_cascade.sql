-- The request of a window can be simulated by itself, with organisations that answer by a script.
alter table simulation_run add column subject text not null default 'window' check (subject in ('window', 'cascade'));
alter table simulation_run drop constraint simulation_run_scenario_check;
alter table simulation_run add constraint simulation_run_scenario_check check (case subject
  when 'window' then scenario in ('nobody-acts', 'most-act', 'smtp-down')
  else scenario in ('most-pass-on', 'many-silent', 'many-only-acknowledge') end);
