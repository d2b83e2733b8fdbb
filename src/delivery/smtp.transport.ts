import { NodemailerTransport } from './nodemailer.transport.js';
import { HandshakeError, openSession } from './smtp-handshake.js';
import { SmtpTokenSource } from './smtp-oauth.js';
import { outcomeBeforeMessage } from './smtp-outcome.rules.js';
import { SmtpPipelineTransport } from './smtp-pipeline.transport.js';
import type { SmtpSettings } from './smtp-settings.js';
import type { MailTransport, Outcome, OutgoingMessage } from './transport.js';

/** Asks the server, on the first message, whether it offers PIPELINING, and sends by the client that fits. */
export class SmtpTransport implements MailTransport {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsLeaving = true;
  private chosen: MailTransport | undefined;
  private choosing: Promise<MailTransport | HandshakeError> | undefined;
  private closed = false;

  constructor(private readonly settings: SmtpSettings) {
    this.name = `smtp ${settings.host}:${settings.port}`;
    this.concurrency = settings.connections * (settings.pipelining ? 3 : 1);
  }

  send(message: OutgoingMessage): Promise<Outcome> {
    return this.chosen?.send(message) ?? this.sendFirst(message);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.choosing;
    await this.chosen?.close();
  }

  private async sendFirst(message: OutgoingMessage): Promise<Outcome> {
    const transport = await this.choose();
    if (!(transport instanceof HandshakeError)) return transport.send(message);
    return outcomeBeforeMessage(transport.message, transport.reply);
  }

  /** Everybody who waits for the first answer waits for the same one; after a failure the next message asks again. */
  private choose(): Promise<MailTransport | HandshakeError> {
    if (this.closed) return Promise.resolve(new HandshakeError('The transport is closed'));
    this.choosing ??= this.ask().finally(() => (this.choosing = undefined));
    return this.choosing;
  }

  private async ask(): Promise<MailTransport | HandshakeError> {
    if (!this.settings.pipelining) return (this.chosen = new NodemailerTransport(this.settings));
    const { auth } = this.settings;
    try {
      const tokens = auth && 'oauth' in auth ? new SmtpTokenSource(auth.oauth) : undefined;
      const { socket, extensions } = await openSession(this.settings, tokens);
      socket.on('error', () => socket.destroy()).end('QUIT\r\n');
      const Transport = extensions.has('PIPELINING') ? SmtpPipelineTransport : NodemailerTransport;
      return (this.chosen = new Transport(this.settings));
    } catch (error) {
      if (error instanceof HandshakeError) return error;
      throw error;
    }
  }
}
