-- Somebody of the team may write to the contacts of a silent organisation once more, out of the order of escalation.
alter table cascade_step drop constraint cascade_step_action_check;
alter table cascade_step add constraint cascade_step_action_check check (action in
  ('sent', 'delivered', 'undeliverable', 'acknowledge', 'pass-on', 'confirm', 'finish', 'decline', 'reroute',
   'escalate', 'nudge', 'revoke-links', 'join', 'close', 'move'));
alter table cascade_escalation drop constraint cascade_escalation_target_check;
alter table cascade_escalation add constraint cascade_escalation_target_check check (target in
  ('contact', 'deputy', 'parent', 'team', 'practices'));
