/** DI token of the `DeliveryOptions`. */
export const DELIVERY_OPTIONS = Symbol('DeliveryOptions');

export interface RetryPolicy {
  /** How often a message is tried before a transient failure becomes final. */
  readonly attempts: number;
  readonly firstDelaySeconds: number;
  readonly longestDelaySeconds: number;
  /** How often a message may come back through no fault of its own before that counts as an attempt. */
  readonly setbacks: number;
}

export interface DeliveryOptions {
  /** A worker that has been silent for so long has lost its slice; it renews at a third of this, however slow the server. */
  readonly leaseSeconds: number;
  /** With less than this left of its lease a worker puts nothing more on the wire. */
  readonly leaseMarginSeconds: number;
  /** Acknowledgements are written together, this often at the latest. */
  readonly acknowledgeEveryMs: number;
  /** How long suppressions and declaration statuses that were read count as current. */
  readonly screeningSeconds: number;
  /** Slices that wait in the queue at once: bounds the queue whatever the size of a campaign. */
  readonly queuedSlices: number;
  readonly retry: RetryPolicy;
  /** How long a troubled transport is left alone: doubles with each trouble in a row. */
  readonly firstClosureSeconds: number;
  readonly longestClosureSeconds: number;
  /** So long may messages be due with none of them moving before that is an alarm. */
  readonly standstillSeconds: number;
}

/** Eight attempts over about two hours; a transport in trouble is tried once a minute. */
export const DEFAULT_DELIVERY_OPTIONS: DeliveryOptions = {
  leaseSeconds: 60,
  leaseMarginSeconds: 20,
  acknowledgeEveryMs: 100,
  screeningSeconds: 1,
  queuedSlices: 64,
  retry: { attempts: 8, firstDelaySeconds: 60, longestDelaySeconds: 3_600, setbacks: 20 },
  firstClosureSeconds: 2,
  longestClosureSeconds: 60,
  // A dispatch may be limited to one message a minute.
  standstillSeconds: 300,
};
