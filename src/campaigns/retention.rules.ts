/**
 * How many days each class of data keeps its addresses, names and texts, and from when they are counted. What proves
 * that somebody was told (who by key, when, by which bytes, with which outcome) is kept: it names nobody.
 */
export const RETENTION_DAYS = {
  /** Addresses and values of messages, from the day they were due. Longer than a payment year, so that a dispute about
   * the last round of a year can still be answered with the message itself. */
  messages: 400,
  /** Addresses and values of plans, from the day they were made; longer while the campaign they were approved for runs. */
  plans: 400,
  /** Addresses and excerpts of bounces and complaints, from the day they came. */
  reports: 400,
  /** Suppressions that were lifted or have run out, from that day. */
  suppressions: 400,
  /** Events of webhooks and the log of their deliveries. */
  webhookEvents: 30,
} as const;
export type RetentionClass = keyof typeof RETENTION_DAYS;
export const RETENTION_CLASSES = Object.keys(RETENTION_DAYS) as RetentionClass[];

const DAY = 86_400_000;

/** What is older than this instant is to be purged. */
export function purgeBefore(of: RetentionClass, now: Date): Date {
  return new Date(now.getTime() - RETENTION_DAYS[of] * DAY);
}
