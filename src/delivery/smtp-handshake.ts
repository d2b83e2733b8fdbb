import { isIP, type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type SmtpReply, SmtpReplyParser } from './smtp-reply.parser.js';
import { scrub } from './smtp-outcome.rules.js';
import type { SmtpTokenSource } from './smtp-oauth.js';
import type { SmtpSettings } from './smtp-settings.js';

const UNKNOWN_AUTHORITY = "no authority that is trusted here signed the server's certificate; the option ca names one";
/** What a certificate that does not verify lacks, by Node's code. */
const CERTIFICATE_FAULTS: Readonly<Partial<Record<string, string>>> = {
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

/** A connection on which MAIL may be said. */
export interface SmtpSession {
  readonly socket: Socket;
  /** Keywords of the EHLO reply in capitals, with their parameters. */
  readonly extensions: ReadonlyMap<string, string>;
}

/** No session came about; `reply` where the server said why. The message names no address, user or password. */
export class HandshakeError extends Error {
  constructor(
    message: string,
    readonly reply?: SmtpReply,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Connects, greets, turns on TLS and signs in.
 * @throws HandshakeError, in every case of failure.
 */
export async function openSession(settings: SmtpSettings, tokens?: SmtpTokenSource): Promise<SmtpSession> {
  let talk = await Conversation.open(settings);
  try {
    await talk.expect('greeting', 220);
    let extensions = await talk.hello(settings.clientName);
    if (!settings.implicitTls && (settings.requireTls || extensions.has('STARTTLS'))) {
      if (!extensions.has('STARTTLS'))
        throw new HandshakeError('TLS is required and the server does not offer STARTTLS');
      await talk.command('STARTTLS', 220);
      talk = await talk.encrypt(settings);
      // RFC 3207 section 4.2: what was said before TLS is forgotten.
      extensions = await talk.hello(settings.clientName);
    }
    await signIn(talk, settings, extensions.get('AUTH') ?? '', tokens);
    return { socket: talk.release(), extensions };
  } catch (error) {
    talk.socket.destroy();
    if (error instanceof HandshakeError) throw error;
    throw new HandshakeError('The connection failed while it was set up', undefined, { cause: error });
  }
}

async function signIn(
  talk: Conversation,
  { auth }: SmtpSettings,
  offered: string,
  tokens: SmtpTokenSource | undefined,
): Promise<void> {
  if (!auth) return;
  const methods = offered.toUpperCase().split(' ');
  const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  if ('oauth' in auth) {
    if (!tokens) throw new HandshakeError('Sign-in by token needs a token source');
    const answer = base64(`user=${auth.user}\u0001auth=Bearer ${await tokens.token()}\u0001\u0001`);
    try {
      await talk.command(`AUTH XOAUTH2 ${answer}`, 235);
    } catch (error) {
      tokens.forget();
      throw error;
    }
  } else if (methods.includes('PLAIN')) {
    await talk.command(`AUTH PLAIN ${base64(`\0${auth.user}\0${auth.pass}`)}`, 235);
  } else if (methods.includes('LOGIN')) {
    await talk.command('AUTH LOGIN', 334);
    await talk.command(base64(auth.user), 334, 'AUTH');
    await talk.command(base64(auth.pass), 235, 'AUTH');
  } else {
    throw new HandshakeError('The server offers neither AUTH PLAIN nor AUTH LOGIN');
  }
}

/** One command, one reply: how a session begins. */
class Conversation {
  private readonly parser = new SmtpReplyParser();
  private readonly replies: SmtpReply[] = [];
  private failure: Error | undefined;
  private wake: (() => void) | undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', this.onData).on('error', this.onError).on('close', this.onClose).on('timeout', this.onTimeout);
  }

  static async open(settings: SmtpSettings): Promise<Conversation> {
    const { host, port, implicitTls } = settings;
    return implicitTls
      ? Conversation.over(connectTls({ port, ...tlsOptions(settings) }), 'secureConnect', settings)
      : Conversation.over(frugalSocket().connect({ host, port }), 'connect', settings);
  }

  private static over(socket: Socket, event: string, settings: SmtpSettings): Promise<Conversation> {
    return new Promise((resolve, reject) => {
      const fail = (cause?: NodeJS.ErrnoException): void => {
        socket.destroy();
        const code = cause?.code ?? 'timed out';
        const why = CERTIFICATE_FAULTS[code];
        const what = event === 'connect' ? 'No connection' : 'No TLS connection';
        reject(new HandshakeError(`${what} (${why ? `${code}: ${why}` : code})`, undefined, { cause }));
      };
      const onTimeout = (): void => {
        fail();
      };
      socket.setNoDelay(true).setTimeout(settings.timeouts.greeting, onTimeout).once('error', fail);
      socket.once(event, () => {
        socket.off('error', fail).off('timeout', onTimeout);
        resolve(new Conversation(socket));
      });
    });
  }

  async encrypt(settings: SmtpSettings): Promise<Conversation> {
    // Bytes after the reply to STARTTLS and before TLS were not said by the server that TLS will prove.
    if (this.replies.length > 0) throw new HandshakeError('The server spoke between STARTTLS and TLS');
    return Conversation.over(
      connectTls({ socket: this.release(), ...tlsOptions(settings) }),
      'secureConnect',
      settings,
    );
  }

  async hello(name: string): Promise<Map<string, string>> {
    this.socket.write(`EHLO ${name}\r\n`);
    const reply = await this.next();
    if (reply.code !== 250) {
      // A server from before 1995: no extensions at all.
      if (reply.code < 500) throw new HandshakeError(`EHLO was refused: ${describe(reply)}`, reply);
      await this.command(`HELO ${name}`, 250);
      return new Map();
    }
    const [, ...lines] = reply.text.split('\n');
    return new Map(
      lines.map((line) => [line.split(/[ =]/)[0]?.toUpperCase() ?? '', line.replace(/^\S*?(?:[ =]|$)/, '')]),
    );
  }

  async command(line: string, expected: number, name = line.split(' ', 1)[0] ?? line): Promise<void> {
    this.socket.write(`${line}\r\n`);
    await this.expect(name, expected);
  }

  async expect(what: string, expected: number): Promise<void> {
    let reply = await this.next();
    if (reply.code === 334 && expected === 235) {
      // The reason for a refused token comes as a challenge; an empty answer brings the refusal itself.
      this.socket.write('\r\n');
      reply = await this.next();
    }
    if (reply.code !== expected) throw new HandshakeError(`${what} was refused: ${describe(reply)}`, reply);
  }

  release(): Socket {
    return this.socket
      .off('data', this.onData)
      .off('error', this.onError)
      .off('close', this.onClose)
      .off('timeout', this.onTimeout)
      .setTimeout(0);
  }

  private async next(): Promise<SmtpReply> {
    for (;;) {
      const reply = this.replies.shift();
      if (reply) return reply;
      if (this.failure) throw this.failure;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  private readonly onData = (chunk: Buffer): void => {
    try {
      this.replies.push(...this.parser.push(chunk));
      this.wake?.();
    } catch (error) {
      this.fail(error as Error);
    }
  };
  private readonly onError = (error: Error): void => {
    this.fail(new HandshakeError('The connection broke while it was set up', undefined, { cause: error }));
  };
  private readonly onClose = (): void => {
    this.fail(new HandshakeError('The server closed the connection while it was set up'));
  };
  private readonly onTimeout = (): void => {
    this.fail(new HandshakeError('The server did not answer in time while the connection was set up'));
  };
}

/** Longer than what a server says to a message at once; what is longer comes in pieces. */
const READ_BYTES = 8 * 1024;

/**
 * A socket that reads into the same memory again and again: what a `data` listener gets is another reply as soon as it
 * returns. Left to itself a socket takes 64 kB for each reply of a hundred bytes, and the garbage collector ran after
 * every 180 messages for that alone.
 */
export function frugalSocket(): Socket {
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (length, buffer) => {
      socket.emit('data', buffer.subarray(0, length));
      return true;
    },
  };
  // The constructor takes it, as `connect` hands it on to there; the types name it for `connect` alone.
  const socket: Socket = new Socket({ onread } as SocketConstructorOpts);
  return socket;
}

function tlsOptions({ host, ca, requireTls }: SmtpSettings) {
  return {
    ...(isIP(host) ? {} : { servername: host }),
    host,
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2' as const,
    // Where TLS is not required a stranger's certificate is still better than none.
    rejectUnauthorized: requireTls,
  };
}

function describe(reply: SmtpReply): string {
  return `${reply.code} ${scrub(reply.text)}`.trim();
}
