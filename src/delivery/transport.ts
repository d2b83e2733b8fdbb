/** One email, ready for the wire. It goes to one person: a message to two people is two messages. */
export interface OutgoingMessage {
  /** The id of the ledger row; transports use it in no header, only to tell messages apart. */
  readonly id: string;
  /** Envelope sender (return path), without angle brackets; empty for the null return path. */
  readonly from: string;
  /** Envelope recipient, without angle brackets. */
  readonly to: string;
  /**
   * A complete RFC 5322 message: CRLF line ends, CRLF at the end, not dot-stuffed. Its memory holds another message as
   * soon as `send` has answered: whatever may read it later takes a copy.
   */
  readonly mime: Buffer;
  /** No line of `mime` begins with a dot, so that it passes DATA as it is (RFC 5321 section 4.5.2). Unset: look. */
  readonly transparent?: boolean;
  /**
   * To be called right before the first byte of the message itself goes out, and not by an envelope alone. Where it throws
   * nothing of the message may go out: it is `not-sent`.
   */
  readonly leaving?: () => void;
}

/**
 * What became of a message. `response` and `reason` never hold an address: they are safe to store and to log.
 * `accepted`: the server took responsibility. `permanent`: it never will take this message. `transient`: it may, later.
 * `throttled`: it may, later, and the whole transport is to slow down. `undecided`: the connection was lost after
 * the final dot was, or may have been, written: the server may have it, so it is never sent again without a person
 * deciding so. `not-sent`: the server certainly does not have it, whether it was reached or not. `blameless`: any other
 * message would have fared the same, as the connection or the sender was refused.
 */
export type Outcome =
  | { readonly kind: 'accepted'; readonly code: number; readonly response: string }
  | {
      readonly kind: 'permanent' | 'transient' | 'throttled';
      /** The SMTP reply code (RFC 5321 section 4.2); of GOV.UK Notify, the HTTP status. */
      readonly code: number;
      /** The enhanced status code, as 5.1.1 (RFC 3463), where the server gave one. */
      readonly enhanced?: string;
      readonly response: string;
      readonly blameless?: true;
    }
  | { readonly kind: 'undecided'; readonly reason: string }
  | { readonly kind: 'not-sent'; readonly reason: string; readonly blameless?: true };

/** The outcome for a message whose `leaving` threw. */
export function mayNotLeave(error: unknown): Outcome {
  return {
    kind: 'not-sent',
    reason: `Nothing may leave, as it cannot be noted (${(error as NodeJS.ErrnoException).code})`,
  };
}

/** What a service knows of a message: it has it, it has given it up, or it does not have it. */
export type Found = 'accepted' | 'failed' | 'absent';

/** A way for email to leave the service: SMTP, the capture inbox, a folder. */
export interface MailTransport {
  /** For logs, metrics and health; holds no user name or password. */
  readonly name: string;
  /** How many `send` calls keep the transport busy. More may be outstanding and wait inside; fewer leave it idle. */
  readonly concurrency: number;
  /**
   * False where nobody looks at what a message says: its values are checked, it is not made (`mime` and `from` are
   * empty), and the ledger keeps no proof of it.
   */
  readonly readsContent?: boolean;
  /** It calls `leaving` of its messages. Elsewhere a message counts as having left from `send` on. */
  readonly tellsLeaving?: boolean;
  /** Never rejects: every failure is an outcome. */
  send(message: OutgoingMessage): Promise<Outcome>;
  /** For a service that can be asked, by the message's id, whether it has it. @throws when it cannot be asked now. */
  lookUp?(id: string): Promise<Found>;
  /** Lets what is on the wire finish, answers `not-sent` for what still waits, and frees every connection. */
  close(): Promise<void>;
}
