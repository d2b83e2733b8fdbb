import { type StepAction } from './step.rules.js';

/** What happened, as pages and proof packs say it. */
export const STEP_ACTION_WORDS: Readonly<Record<StepAction, string>> = {
  sent: 'Request sent',
  delivered: 'Delivered: nothing came back within an hour',
  undeliverable: 'Could not be delivered',
  acknowledge: 'Acknowledged: “we have it”',
  'pass-on': 'Passed on',
  confirm: 'Confirmed: “we know”',
  finish: 'Done: “everybody here is ready”',
  decline: 'Declined: “not ours”',
  reroute: 'Moved to another commissioner',
  escalate: 'Taken further',
  nudge: 'Nudged by the team',
  reopen: 'Asked again: the dates that it was told have changed',
  'revoke-links': 'Links withdrawn',
  join: 'Joined the cascade late',
  close: 'Closed since the cascade began',
  move: 'Moved to another commissioner since the cascade began',
};
