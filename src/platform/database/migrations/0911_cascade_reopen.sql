-- What was answered on a date that has moved since is asked for again; the evidence of the first answer stays.
alter table cascade_step drop constraint cascade_step_action_check;
alter table cascade_step add constraint cascade_step_action_check check (action in
  ('sent', 'delivered', 'undeliverable', 'acknowledge', 'pass-on', 'confirm', 'finish', 'decline', 'reroute',
   'escalate', 'nudge', 'revoke-links', 'join', 'close', 'move', 'reopen'));
