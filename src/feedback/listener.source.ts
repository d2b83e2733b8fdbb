import { type ReportListener, messageIdOfReturnPath, startReportListener } from '../delivery/index.js';
import { UnavailableError } from '../shared/errors.js';
import { type FeedbackSource, LARGEST_REPORT, type TakeReport } from './feedback.source.js';

interface ListenerSettings {
  readonly host: string;
  readonly port: number;
  /** That of the return paths. */
  readonly secret: string;
}

/** Takes reports by SMTP, for return paths that this service signed and for nobody else. */
export class ListenerSource implements FeedbackSource {
  readonly name = 'smtp';
  private listener: ReportListener | undefined;

  constructor(private readonly settings: ListenerSettings) {}

  get isUp(): boolean {
    return this.listener !== undefined;
  }

  /** Undefined while it does not listen. */
  get port(): number | undefined {
    return this.listener?.port;
  }

  /** @throws UnavailableError `feedback-port` when the port cannot be had. */
  async start(take: TakeReport): Promise<void> {
    const { host, port, secret } = this.settings;
    try {
      this.listener = await startReportListener(
        { accepts: (recipient) => messageIdOfReturnPath(recipient, secret) !== undefined, take },
        { host, port, maxBytes: LARGEST_REPORT },
      );
    } catch (cause) {
      const { code = 'unknown' } = cause as NodeJS.ErrnoException;
      throw new UnavailableError('feedback-port', `FEEDBACK_SMTP_PORT: nothing can listen there (${code})`, { cause });
    }
  }

  async stop(): Promise<void> {
    await this.listener?.close();
    this.listener = undefined;
  }
}
