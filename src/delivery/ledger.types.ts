import { type MessageState } from './message.states.js';

export type Route = 'direct' | 'cascade';

/** `waiting` for its due time, `running`, `paused` and `cancelled` by a person, `finished` when all is terminal. */
export type DispatchState = 'waiting' | 'running' | 'paused' | 'cancelled' | 'finished';

/** One batch of a campaign that becomes due at one instant: its first mailing, or one step of its reminders. */
export interface NewDispatch {
  /** Chosen by the caller and always the same for the same batch: planning it twice plans it once. */
  readonly id: string;
  readonly campaignId: string;
  /** A person gets one message for each purpose of a campaign, so a reminder step has a purpose of its own. */
  readonly purpose: string;
  /** Template values that all messages share; those of a message win. */
  readonly sharedValues?: Readonly<Record<string, unknown>>;
  /** Nothing leaves before it. */
  readonly dueAt: Date;
  /** The first instant at which nothing may leave any more (exclusive); null never expires. */
  readonly expiresAt: Date | null;
  /** A rate below that of the transport; over all workers. */
  readonly ratePerMinute?: number | null;
}

/** The message goes out only while at least one of these organisations still waits for `actor` to act in this window. */
export interface ReminderGuard {
  /** Id of the declaration window. */
  readonly windowId: string;
  readonly actor: 'practice' | 'commissioner';
  readonly organisationCodes: readonly string[];
}

export interface NewMessage {
  /** Tells several messages of one dispatch to one person apart: it is added to the dispatch's purpose. */
  readonly topic?: string;
  /** Names the person within the campaign, whatever accounts they hold; never an address. */
  readonly personKey: string;
  readonly accountIds: readonly string[];
  /** ODS codes of the organisations that are told through this message. */
  readonly organisationCodes: readonly string[];
  readonly route: Route;
  readonly segment: string | null;
  /** Where it goes: one bare address. */
  readonly address: string;
  readonly template: string;
  /** The version that was approved; with any other the message fails instead of leaving. */
  readonly templateVersion: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly guard?: ReminderGuard | null;
}

/** Which messages: all of a campaign, or one of its dispatches. */
export type Batch = { readonly campaignId: string } | { readonly dispatchId: string };

/** How many messages are in each state; counted from the rows at the time of asking. */
export interface Progress {
  readonly states: Readonly<Record<MessageState, number>>;
  /** All messages: the sum of `states`. */
  readonly planned: number;
  /** Those in a terminal state. Finished is `terminal === planned`, and nothing less. */
  readonly terminal: number;
}

export interface DispatchView {
  readonly id: string;
  readonly campaignId: string;
  readonly purpose: string;
  readonly dueAt: Date;
  readonly expiresAt: Date | null;
  readonly state: DispatchState;
  readonly planned: number;
}

/** One message and what became of it. */
export interface MessageView {
  readonly id: string;
  readonly campaignId: string;
  readonly dispatchId: string;
  readonly purpose: string;
  readonly personKey: string;
  readonly accountIds: readonly string[];
  readonly organisationCodes: readonly string[];
  readonly route: Route;
  readonly segment: string | null;
  /** Null once redacted. */
  readonly address: string | null;
  readonly template: string;
  readonly templateVersion: string;
  /** Null once redacted. With `sharedValues` of the dispatch they render the message again, byte for byte. */
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly state: MessageState;
  /** How often it was, or may have been, put on the wire. */
  readonly attempt: number;
  readonly dueAt: Date;
  readonly expiresAt: Date | null;
  readonly nextAttemptAt: Date | null;
  /** The last SMTP reply code and enhanced status code (RFC 5321, RFC 3463). */
  readonly code: number | null;
  readonly enhanced: string | null;
  /** Why it is in this state; holds no address. */
  readonly reason: string | null;
  /** SHA-256 (hex) of the bytes that were sent. */
  readonly renderedSha256: string | null;
  readonly transport: string | null;
  readonly acceptedAt: Date | null;
  readonly stateChangedAt: Date;
  readonly redactedAt: Date | null;
}

/** What feedback did to a message. `not-yet`: no acceptance is recorded so far, ask again later. */
export type FeedbackResult = 'marked' | 'already' | 'not-yet' | 'not-sent' | 'no-such-message';

export interface MessageQuery {
  readonly campaignId: string;
  readonly dispatchId?: string;
  readonly states?: readonly MessageState[];
  /** Id of the last message of the page before; pages are in the order of ids. */
  readonly after?: string;
  /** 100 unless given. */
  readonly limit?: number;
}

/** What is wrong with a row of the ledger. */
export interface LedgerFault {
  readonly messageId: string;
  readonly fault: string;
}

/** Which unsent messages to stop. At least one of campaign and dispatch is given. */
export interface UnsentFilter {
  readonly campaignId?: string;
  readonly dispatchId?: string;
  readonly purposes?: readonly string[];
  readonly personKeys?: readonly string[];
  readonly organisationCodes?: readonly string[];
}
