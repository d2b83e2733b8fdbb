import { once } from 'node:events';
import { type AddressInfo, type Socket } from 'node:net';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

export interface ReceivedMessage {
  readonly to: string;
  readonly from: string;
  /** From the Message-ID: the id of the ledger row. */
  readonly id: string;
  readonly raw: string;
  /** `performance.now()` at the final dot. */
  readonly at: number;
}

/**
 * What the server does about a recipient: accepts, answers a code at RCPT or after the message, hangs up at RCPT, drops
 * the connection after having kept the message, or never answers.
 */
export type Behaviour =
  | 'accept'
  | 'hang-up'
  | 'drop-after-data'
  | 'stall'
  | { readonly rcpt: number; readonly text?: string }
  | { readonly data: number; readonly text?: string };

/** A real SMTP server on this machine that records every message it took responsibility for. */
export class SmtpSink implements AsyncDisposable {
  readonly messages: ReceivedMessage[] = [];
  /** Connections that were opened. */
  connections = 0;
  private behaviour: (address: string) => Behaviour = () => 'accept';
  private delayMs = 0;
  private server: SMTPServer | undefined;
  private readonly sockets = new Set<Socket>();
  private port = 0;

  static async start(): Promise<SmtpSink> {
    const sink = new SmtpSink();
    await sink.listen();
    return sink;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** How often each message was taken, by its id. */
  copies(): Map<string, number> {
    const copies = new Map<string, number>();
    for (const { id } of this.messages) copies.set(id, (copies.get(id) ?? 0) + 1);
    return copies;
  }

  answer(behaviour: (address: string) => Behaviour): void {
    this.behaviour = behaviour;
  }

  /** How long the server thinks before it accepts a message. */
  takeTime(milliseconds: number): void {
    this.delayMs = milliseconds;
  }

  /** On the same port as before, if it ever listened. */
  async listen(): Promise<void> {
    const server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      onConnect: (_session, callback) => {
        this.connections += 1;
        callback();
      },
      onRcptTo: ({ address }, session, callback) => {
        const behaviour = this.behaviour(address);
        if (behaviour === 'hang-up') {
          this.hangUp(session);
          return;
        }
        if (typeof behaviour === 'object' && 'rcpt' in behaviour) callback(refusal(behaviour.rcpt, behaviour.text));
        else callback();
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          this.received(session, Buffer.concat(chunks).toString('latin1'), callback);
        });
      },
    });
    server.on('error', () => undefined);
    server.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.listen(this.port, '127.0.0.1');
    await once(server.server, 'listening');
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Refuses connections until `listen`. */
  async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private hangUp({ remotePort }: SMTPServerSession): void {
    for (const socket of this.sockets) if (socket.remotePort === remotePort) socket.destroy();
  }

  private received(session: SMTPServerSession, raw: string, callback: (error?: Error | null) => void): void {
    const { mailFrom, rcptTo } = session.envelope;
    const to = rcptTo[0]?.address ?? '';
    const behaviour = this.behaviour(to);
    if (behaviour === 'stall') return;
    if (typeof behaviour === 'object' && 'data' in behaviour) {
      callback(refusal(behaviour.data, behaviour.text));
      return;
    }
    this.messages.push({
      to,
      from: mailFrom ? mailFrom.address : '',
      id: /^Message-ID: <([^@>]+)@/im.exec(raw)?.[1] ?? '',
      raw,
      at: performance.now(),
    });
    if (behaviour === 'drop-after-data') {
      this.hangUp(session);
      return;
    }
    setTimeout(() => {
      callback();
    }, this.delayMs);
  }
}

function refusal(code: number, text = 'refused by the test'): Error {
  return Object.assign(new Error(text), { responseCode: code });
}
