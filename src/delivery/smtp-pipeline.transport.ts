import { isMailable } from './mime.header.js';
import { type Delivery, type DeliverySource, SmtpConnection } from './smtp-connection.js';
import { HandshakeError, openSession, type SmtpSession } from './smtp-handshake.js';
import { SmtpTokenSource } from './smtp-oauth.js';
import { outcomeBeforeMessage, UNMAILABLE } from './smtp-outcome.rules.js';
import type { SmtpSettings } from './smtp-settings.js';
import type { MailTransport, Outcome, OutgoingMessage } from './transport.js';

/** An envelope that went out for nothing this often is a sign that the server does not want it. */
const MOST_RETURNS = 2;
/** After a connection could not be opened, while others work: how long until the next attempt, in milliseconds. */
const OPENING_PAUSE = 1_000;

/** A pool of pipelined connections to a server that offers PIPELINING. */
export class SmtpPipelineTransport implements MailTransport {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsLeaving = true;
  private readonly tokens: SmtpTokenSource | undefined;
  private readonly connections = new Set<SmtpConnection>();
  private readonly waiting: Delivery[] = [];
  private opening = 0;
  private openNoSoonerThan = 0;
  private closed: (() => void) | undefined;
  private readonly source: DeliverySource;

  constructor(private readonly settings: SmtpSettings) {
    this.name = `smtp ${settings.host}:${settings.port}`;
    // For each connection one message whose reply is awaited, one whose envelope goes behind it, and one at hand, so that
    // the next envelope can go out in one write with a body: without it every envelope cost a write of its own.
    this.concurrency = settings.connections * 3;
    this.tokens = settings.auth && 'oauth' in settings.auth ? new SmtpTokenSource(settings.auth.oauth) : undefined;
    this.source = {
      take: () => this.waiting.shift(),
      giveBack: (delivery, reason) => {
        if (this.closed || ++delivery.returns > MOST_RETURNS) delivery.settle({ kind: 'not-sent', reason });
        else this.waiting.unshift(delivery);
      },
      ended: (connection) => {
        this.connections.delete(connection);
        this.dispatch();
      },
    };
  }

  send(message: OutgoingMessage): Promise<Outcome> {
    if (!isMailable(message.to) || (message.from !== '' && !isMailable(message.from))) {
      return Promise.resolve(UNMAILABLE);
    }
    if (this.closed) return Promise.resolve({ kind: 'not-sent', reason: 'The transport is closed' });
    return new Promise((settle) => {
      this.waiting.push({ message, settle, returns: 0 });
      this.dispatch();
    });
  }

  async close(): Promise<void> {
    const gone = new Promise<void>((resolve) => (this.closed = resolve));
    this.failWaiting({ kind: 'not-sent', reason: 'The transport is closed' });
    for (const connection of this.connections) connection.retire();
    const limit = setTimeout(() => {
      for (const connection of this.connections) connection.destroy('The transport was closed');
    }, this.settings.timeouts.close);
    this.dispatch();
    await gone;
    clearTimeout(limit);
  }

  /** Gives waiting messages to whoever can take one: an idle connection, a new one, one that awaits a reply. */
  private dispatch(): void {
    if (this.closed) {
      if (this.connections.size === 0 && this.opening === 0) this.closed();
      return;
    }
    while (this.waiting.length > 0) {
      const idle = this.find('idle');
      if (!idle && this.waiting.length > this.opening && this.mayOpen()) {
        void this.open();
        continue;
      }
      const connection = idle ?? this.find('ready');
      if (!connection) return;
      connection.nudge();
    }
  }

  private find(state: 'idle' | 'ready'): SmtpConnection | undefined {
    for (const connection of this.connections) if (connection[state]) return connection;
    return undefined;
  }

  private mayOpen(): boolean {
    const { size } = this.connections;
    if (size + this.opening >= this.settings.connections) return false;
    return size + this.opening === 0 || performance.now() >= this.openNoSoonerThan;
  }

  /** Never rejects. */
  private async open(): Promise<void> {
    this.opening++;
    let failure: HandshakeError | undefined;
    try {
      this.adopt(await openSession(this.settings, this.tokens));
    } catch (error) {
      failure = error as HandshakeError;
    }
    this.opening--;
    if (failure) this.onOpeningFailed(failure);
    this.dispatch();
  }

  private adopt(session: SmtpSession): void {
    if (this.closed || !session.extensions.has('PIPELINING')) {
      session.socket.destroy();
      if (!this.closed) throw new HandshakeError('The server does not offer PIPELINING');
      return;
    }
    this.connections.add(new SmtpConnection(session, this.source, this.settings));
  }

  private onOpeningFailed(error: HandshakeError): void {
    this.openNoSoonerThan = performance.now() + OPENING_PAUSE;
    // The connections that work serve those who wait; without any, nobody would.
    if (this.connections.size === 0 && this.opening === 0)
      this.failWaiting(outcomeBeforeMessage(error.message, error.reply));
  }

  private failWaiting(outcome: Outcome): void {
    for (const { settle } of this.waiting.splice(0)) settle(outcome);
  }
}
