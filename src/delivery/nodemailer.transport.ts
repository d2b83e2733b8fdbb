import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import XOAuth2 from 'nodemailer/lib/xoauth2';
import { isMailable } from './mime.header.js';
import { frugalSocket } from './smtp-handshake.js';
import { SmtpTokenSource } from './smtp-oauth.js';
import { outcomeBeforeMessage, outcomeOf, outcomeOfSender, scrub, UNMAILABLE } from './smtp-outcome.rules.js';
import type { SmtpReply } from './smtp-reply.parser.js';
import type { SmtpSettings } from './smtp-settings.js';
import { type MailTransport, mayNotLeave, type Outcome, type OutgoingMessage } from './transport.js';

/** What nodemailer adds to its errors. */
interface SmtpFailure extends Error {
  readonly code?: string;
  readonly response?: string;
  readonly command?: string;
}

interface Line {
  readonly connection: SMTPConnection;
  /** Of the message that it sends; a connection that is given up may still read from it, and gets no other. */
  memory: Buffer;
  used: number;
  broken: boolean;
  idle?: NodeJS.Timeout;
}

/** Bytes that a connection has at hand for its messages; more when one needs more. */
const MEMORY = 64 * 1024;

/**
 * For servers without PIPELINING, or with replies that the pipelined client will not take: nodemailer's connection, one
 * message at a time on each. Its own pool is not used, because that sends a message again when a connection is lost.
 */
export class NodemailerTransport implements MailTransport {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsLeaving = true;
  private readonly tokens: SmtpTokenSource | undefined;
  private readonly idle: Line[] = [];
  private readonly queue: ((admitted: boolean) => void)[] = [];
  private active = 0;
  private closed = false;
  private drained: (() => void) | undefined;

  constructor(private readonly settings: SmtpSettings) {
    this.name = `smtp ${settings.host}:${settings.port}`;
    this.concurrency = settings.connections;
    this.tokens = settings.auth && 'oauth' in settings.auth ? new SmtpTokenSource(settings.auth.oauth) : undefined;
  }

  async send(message: OutgoingMessage): Promise<Outcome> {
    if (!isMailable(message.to) || (message.from !== '' && !isMailable(message.from))) return UNMAILABLE;
    if (!(await this.admitted())) return { kind: 'not-sent', reason: 'The transport is closed' };
    try {
      const line = this.takeIdle() ?? (await this.open());
      const outcome = await deliver(line, message);
      this.putBack(line);
      return outcome;
    } catch (error) {
      const failure = error as SmtpFailure;
      return outcomeBeforeMessage(`${failure.code ?? 'failure'}: ${failure.message}`, replyOf(failure));
    } finally {
      this.leave();
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const waiting of this.queue.splice(0)) waiting(false);
    for (let line = this.takeIdle(); line; line = this.takeIdle()) line.connection.quit();
    if (this.active > 0) await new Promise<void>((resolve) => (this.drained = resolve));
  }

  private admitted(): Promise<boolean> | boolean {
    if (this.closed) return false;
    if (this.active < this.concurrency) {
      this.active++;
      return true;
    }
    return new Promise((resolve) => this.queue.push(resolve));
  }

  private leave(): void {
    const next = this.queue.shift();
    if (next) next(true);
    else if (--this.active === 0) this.drained?.();
  }

  private takeIdle(): Line | undefined {
    const line = this.idle.pop();
    clearTimeout(line?.idle);
    return line;
  }

  private putBack(line: Line): void {
    if (line.broken) return;
    if (this.closed || line.used >= this.settings.messagesPerConnection) {
      line.connection.quit();
      return;
    }
    this.idle.push(line);
    line.idle = setTimeout(() => {
      this.forget(line);
      line.connection.quit();
    }, this.settings.timeouts.idle);
  }

  private forget(line: Line): void {
    clearTimeout(line.idle);
    const at = this.idle.indexOf(line);
    if (at >= 0) this.idle.splice(at, 1);
  }

  private async open(): Promise<Line> {
    const { host, port, implicitTls, requireTls, ca, clientName, auth, timeouts } = this.settings;
    const connection = new SMTPConnection({
      ...{ host, port, secure: implicitTls, requireTLS: requireTls, name: clientName, socket: frugalSocket() },
      tls: { ...(ca === undefined ? {} : { ca }), rejectUnauthorized: requireTls, minVersion: 'TLSv1.2' },
      connectionTimeout: timeouts.greeting,
      greetingTimeout: timeouts.greeting,
      socketTimeout: timeouts.finalDot,
    });
    const line: Line = { connection, memory: Buffer.alloc(0), used: 0, broken: false };
    const lost = (): void => {
      line.broken = true;
      this.forget(line);
    };
    connection.on('end', lost);
    await new Promise<void>((resolve, reject) => {
      connection.on('error', (error: Error) => {
        lost();
        reject(error);
      });
      connection.connect((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    if (auth) await this.signIn(connection, auth);
    return line;
  }

  private async signIn(connection: SMTPConnection, auth: NonNullable<SmtpSettings['auth']>): Promise<void> {
    const login =
      'pass' in auth
        ? { credentials: auth }
        : { oauth2: new XOAuth2({ user: auth.user, accessToken: (await this.tokens?.token()) ?? '' }) };
    await new Promise<void>((resolve, reject) => {
      connection.login(login, (error) => {
        if (!error) {
          resolve();
          return;
        }
        this.tokens?.forget();
        connection.close();
        reject(error);
      });
    });
  }
}

function deliver(line: Line, { from, to, mime, leaving }: OutgoingMessage): Promise<Outcome> {
  const { connection } = line;
  line.used++;
  if (mime.length > line.memory.length) line.memory = Buffer.allocUnsafeSlow(Math.max(MEMORY, mime.length));
  const bytes = line.memory.subarray(0, mime.copy(line.memory));
  let begun = false;
  return new Promise((resolve) => {
    // nodemailer reads only after the server's 354 and then writes body and final dot in one go.
    const body = new Readable({
      read() {
        try {
          leaving?.();
        } catch (error) {
          // nodemailer waits for ever for a body that breaks off.
          line.broken = true;
          connection.close();
          resolve(mayNotLeave(error));
          return;
        }
        begun = true;
        this.push(bytes);
        this.push(null);
      },
    });
    connection.send({ from, to: [to], size: mime.length }, body, (error, info) => {
      if (!error) {
        resolve(outcomeOf(replyIn(info.response)));
        return;
      }
      const outcome = outcomeOfFailure(error, begun ? 'undecided' : 'not-sent');
      // After a refused envelope a transaction may still be open.
      if (line.broken) resolve(outcome);
      else
        connection.reset((failure) => {
          line.broken ||= Boolean(failure);
          if (failure) connection.close();
          resolve(outcome);
        });
    });
  });
}

function outcomeOfFailure(error: SmtpFailure, withoutReply: 'undecided' | 'not-sent'): Outcome {
  const reply = replyOf(error);
  if (reply && reply.code >= 400) return error.command === 'MAIL FROM' ? outcomeOfSender(reply) : outcomeOf(reply);
  return { kind: withoutReply, reason: scrub(`${error.code ?? 'failure'}: ${error.message}`) };
}

function replyOf({ response }: SmtpFailure): SmtpReply | undefined {
  return response === undefined ? undefined : replyIn(response);
}

function replyIn(response: string): SmtpReply {
  return { code: Number(response.slice(0, 3)), text: response.replace(/^\d{3}[ -]?/gm, '') };
}
