/** What can be said of a message. PostgreSQL holds the same list in its enum type `message_state`. */
export const MESSAGE_STATES = [
  'planned',
  'queued',
  'sending',
  'accepted',
  'deferred',
  'failed',
  'unknown',
  'expired',
  'suppressed',
  'cancelled',
  'bounced',
  'complained',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/**
 * Every change of state there is. `planned` waits for its dispatch to be due; `queued` may be sent now; `sending` has
 * a durable intent and may have left; `deferred` waits to be tried again; `unknown` may or may not have arrived and
 * waits for a person. SQL takes its guards from this table (`statesBefore`), so that no statement can break it.
 */
export const TRANSITIONS: Readonly<Record<MessageState, readonly MessageState[]>> = {
  planned: ['queued', 'expired', 'cancelled'],
  // `deferred` where this worker has not the version of the template that was approved.
  queued: ['sending', 'deferred', 'failed', 'expired', 'suppressed', 'cancelled'],
  // Back to `queued` when it certainly did not leave; `expired` when its time ran out between intent and wire.
  sending: ['accepted', 'deferred', 'failed', 'unknown', 'queued', 'expired'],
  deferred: ['queued', 'expired', 'cancelled'],
  // Decided by a person, or by the late answer to the very attempt that was given up.
  unknown: ['queued', 'accepted', 'deferred', 'failed', 'expired'],
  accepted: ['bounced', 'complained'],
  bounced: [],
  complained: [],
  failed: [],
  expired: [],
  suppressed: [],
  cancelled: [],
};

/** States in which nothing more is to be sent. `unknown` is none: somebody has to decide. */
export const TERMINAL_STATES: readonly MessageState[] = [
  'accepted',
  'bounced',
  'complained',
  'failed',
  'expired',
  'suppressed',
  'cancelled',
];

/** States of a message that has not left and may still be stopped. */
export const UNSENT_STATES: readonly MessageState[] = ['planned', 'queued', 'deferred'];

/** How the reason of a message begins that waits for the version of its template that was approved. */
export const TEMPLATE_CHANGED = 'template-changed';

export function mayBecome(from: MessageState, to: MessageState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** The states from which a message may become `to`. */
export function statesBefore(to: MessageState): MessageState[] {
  return MESSAGE_STATES.filter((from) => mayBecome(from, to));
}
