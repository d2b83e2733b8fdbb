export const TREE_KINDS = ['region', 'commissioner', 'practice'] as const;
/** The levels below the nation. */
export type TreeKind = (typeof TREE_KINDS)[number];

/**
 * How far an organisation has come. `sent`: a mail server took at least one message; `delivered`: and an hour later
 * nothing had come back, which is as far as email knows; `undeliverable`: nothing sent to it arrived. The others are
 * people's answers: `acknowledged` is "we have it", `passed-on`, `confirmed` and `done` are "we acted".
 */
export const STEP_STATES = [
  'waiting',
  'sent',
  'delivered',
  'undeliverable',
  'acknowledged',
  'passed-on',
  'confirmed',
  'done',
  'declined',
] as const;
export type StepState = (typeof STEP_STATES)[number];

/** What a report counts a practice as. */
export const COVERAGES = ['confirmed', 'passed-on', 'silent', 'unreachable', 'closed'] as const;
export type Coverage = (typeof COVERAGES)[number];

/** What people answer. */
export const ANSWERS = ['acknowledge', 'pass-on', 'confirm', 'finish', 'decline'] as const;
export type Answer = (typeof ANSWERS)[number];

/** Everything that is written down as a step. */
export type StepAction =
  | Answer
  | 'sent'
  | 'delivered'
  | 'undeliverable'
  | 'reroute'
  | 'escalate'
  | 'nudge'
  | 'revoke-links'
  | 'join'
  | 'close'
  | 'reopen'
  | 'move';

interface AnswerRule {
  readonly by: readonly TreeKind[];
  /** From any other state the answer tells nothing new: nobody comes to stand further back. */
  readonly from: readonly StepState[];
  readonly to: StepState;
}

const NOT_ANSWERED: readonly StepState[] = ['waiting', 'sent', 'delivered', 'undeliverable'];

/** Which answer an organisation may give, and where it takes it. Late answers are answers like any other. */
const ANSWER_RULES: Readonly<Record<Answer, AnswerRule>> = {
  acknowledge: {
    by: ['region', 'commissioner', 'practice'],
    from: [...NOT_ANSWERED, 'declined'],
    to: 'acknowledged',
  },
  'pass-on': {
    by: ['region', 'commissioner'],
    from: [...NOT_ANSWERED, 'acknowledged', 'declined'],
    to: 'passed-on',
  },
  confirm: { by: ['practice'], from: [...NOT_ANSWERED, 'acknowledged', 'declined'], to: 'confirmed' },
  finish: {
    by: ['region', 'commissioner', 'practice'],
    from: [...NOT_ANSWERED, 'acknowledged', 'passed-on', 'confirmed', 'declined'],
    to: 'done',
  },
  decline: { by: ['region', 'commissioner', 'practice'], from: [...NOT_ANSWERED, 'acknowledged'], to: 'declined' },
};

/** The state after an answer: the same one when the answer tells nothing new; undefined when that kind may not give it. */
export function stateAfter(kind: TreeKind, state: StepState, answer: Answer): StepState | undefined {
  const { by, from, to } = ANSWER_RULES[answer];
  if (!by.includes(kind)) return undefined;
  return from.includes(state) ? to : state;
}

/** The answers that an organisation of this kind can give. */
export function answersOf(kind: TreeKind): Answer[] {
  return ANSWERS.filter((answer) => ANSWER_RULES[answer].by.includes(kind));
}

/** Whether people have answered. */
export function isAnswered(state: StepState): boolean {
  return !NOT_ANSWERED.includes(state);
}
