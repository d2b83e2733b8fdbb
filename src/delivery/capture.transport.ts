import type { CaptureInbox } from './capture.inbox.js';
import { type CaptureServer, startCaptureServer } from './capture.server.js';
import { SmtpPipelineTransport } from './smtp-pipeline.transport.js';
import { smtpSettings } from './smtp-settings.js';
import type { MailTransport, Outcome, OutgoingMessage } from './transport.js';

const CONNECTIONS = 20;

/** Sends by real SMTP to a capture server in this process: everything happens but that the mail leaves the machine. */
export class CaptureTransport implements MailTransport {
  readonly name = 'capture';
  readonly concurrency = CONNECTIONS * 3;
  readonly tellsLeaving = true;
  private started: Promise<{ server: CaptureServer; smtp: SmtpPipelineTransport }> | undefined;
  private closed = false;

  constructor(private readonly inbox: CaptureInbox) {}

  async send(message: OutgoingMessage): Promise<Outcome> {
    if (this.closed) return { kind: 'not-sent', reason: 'The transport is closed' };
    this.started ??= this.start();
    try {
      const { smtp } = await this.started;
      return await smtp.send(message);
    } catch (error) {
      this.started = undefined;
      return { kind: 'not-sent', reason: `The capture server does not start (${(error as Error).message})` };
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    const started = await this.started?.catch(() => undefined);
    await started?.smtp.close();
    await started?.server.close();
    await this.inbox.close();
  }

  private async start(): Promise<{ server: CaptureServer; smtp: SmtpPipelineTransport }> {
    const server = await startCaptureServer(this.inbox);
    return { server, smtp: new SmtpPipelineTransport(smtpSettings(`${server.url}?connections=${CONNECTIONS}`)) };
  }
}
