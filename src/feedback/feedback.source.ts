/** Stores one raw message and acts on it; resolves when that is safe. `envelopeRecipient` as in `IngestOptions`. */
export type TakeReport = (raw: Buffer, envelopeRecipient?: string) => Promise<void>;

/** A way by which reports come in. What it has handed to `take` without an error it need not keep. */
export interface FeedbackSource {
  /** The `source` of its reports. */
  readonly name: string;
  /** Whether reports can come in now. */
  readonly isUp: boolean;
  start(take: TakeReport): Promise<void>;
  /** Resolves when nothing is being taken any more. */
  stop(): Promise<void>;
}

/** DI token: `FeedbackSource[]`, those that are configured. */
export const FEEDBACK_SOURCES = Symbol('FEEDBACK_SOURCES');

/** In bytes. Servers refuse larger ones; a report that returns a whole message of ours is under 1 MB. */
export const LARGEST_REPORT = 10 * 1_048_576;
