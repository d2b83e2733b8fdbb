import { type Coverage, type EscalationTarget, type NextRung, type StepState } from '../cascades/index.js';
import { type Tag } from './words.js';

/** How the pages call the steps of a cascade. Each list is complete, so that none can appear without a name. */

export const STEP_STATE_TAGS: Readonly<Record<StepState, Tag>> = {
  waiting: { text: 'Not sent yet', colour: 'grey' },
  sent: { text: 'Sent, no answer', colour: 'yellow' },
  delivered: { text: 'Delivered, no answer', colour: 'yellow' },
  undeliverable: { text: 'Could not be delivered', colour: 'red' },
  acknowledged: { text: 'Has it', colour: 'blue' },
  'passed-on': { text: 'Passed on', colour: 'aqua-green' },
  confirmed: { text: 'Confirmed', colour: 'green' },
  done: { text: 'Done', colour: 'green' },
  declined: { text: 'Declined', colour: 'orange' },
};

export const COVERAGE_TAGS: Readonly<Record<Coverage, Tag>> = {
  confirmed: { text: 'Confirmed', colour: 'green' },
  'passed-on': { text: 'Passed on', colour: 'aqua-green' },
  silent: { text: 'Silent', colour: 'yellow' },
  unreachable: { text: 'Unreachable', colour: 'red' },
  closed: { text: 'Closed', colour: 'grey' },
};

/** To whom it is taken when somebody does not act, as the rungs of a policy name it. */
export const ESCALATION_WORDS: Readonly<Record<EscalationTarget, string>> = {
  deputy: 'its deputies are written to',
  parent: 'its region is written to',
  team: 'the CQRS team is written to',
  practices: 'its practices are written to directly',
};

export const ESCALATION_CAUSE_WORDS: Readonly<Record<NextRung['cause'], string>> = {
  silence: 'because nobody has answered',
  'not-passed-on': 'because it has not passed the request on to everybody',
  declined: 'because it has declined',
};
