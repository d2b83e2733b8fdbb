/**
 * Why a message did not get through, in the vocabulary that bounce parsers share (sisimai's reason names), so that a
 * figure here can be compared with a figure elsewhere.
 */
export type Reason =
  | 'authfailure'
  | 'badreputation'
  | 'blocked'
  | 'contenterror'
  | 'delivered'
  | 'exceedlimit'
  | 'expired'
  | 'feedback'
  | 'filtered'
  | 'hasmoved'
  | 'hostunknown'
  | 'mailboxfull'
  | 'mailererror'
  | 'mesgtoobig'
  | 'networkerror'
  | 'norelaying'
  | 'notaccept'
  | 'onhold'
  | 'policyviolation'
  | 'rejected'
  | 'requireptr'
  | 'securityerror'
  | 'spamdetected'
  | 'speeding'
  | 'suspend'
  | 'syntaxerror'
  | 'systemerror'
  | 'systemfull'
  | 'toomanyconn'
  | 'undefined'
  | 'userunknown'
  | 'vacation'
  | 'virusdetected';

/** What a report says about one recipient. `hard`: the address is gone. `soft`: anything else that failed or waits. */
export type RecipientKind = 'hard' | 'soft' | 'complaint' | 'auto-reply' | 'delivered';

/** What a whole message is. Where its recipients differ it is the one that asks for most: see {@link FeedbackReport}. */
export type ReportKind = RecipientKind | 'not-bounce';

/** One recipient of a report. */
export interface ReportedRecipient {
  /** The address as the sender wrote it (Original-Recipient before Final-Recipient); null where the report hides it. */
  readonly address: string | null;
  readonly kind: RecipientKind;
  readonly reason: Reason;
  /** RFC 3463 code, the most exact one that the report holds; null where it holds none. */
  readonly status: string | null;
  /** False while the reporting system still tries: a notice of delay is soft and changes nothing. */
  readonly gaveUp: boolean;
  /** The text that decided, cut to 500 characters. Holds addresses: never log it. */
  readonly diagnostic: string;
}

/** How a report can be tied to the message it is about. Both come from outside and prove nothing by themselves. */
export interface ReportReferences {
  /** Message-ID of the returned message, without angle brackets. */
  readonly originalMessageId?: string;
  /** The address with a return-path tag that the report was sent to. Only its signature, once checked, makes it proof. */
  readonly returnPathToken?: string;
}

/** What {@link classifyReport} makes of one raw message. */
export interface FeedbackReport {
  /**
   * hard if any recipient is hard, else complaint, soft, auto-reply, delivered in that order: a reader who looks no
   * further must not miss an address that is gone. Whoever acts reads `recipients`.
   */
  readonly kind: ReportKind;
  readonly recipients: readonly ReportedRecipient[];
  readonly references: ReportReferences;
  /** ARF Feedback-Type (RFC 5965), lower case; only `abuse`, `fraud`, `virus` and `opt-out` are a person objecting. */
  readonly feedbackType?: string;
}
