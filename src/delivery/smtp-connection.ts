import { assertNever } from '../shared/assert-never.js';
import { dotStuffed } from './smtp-dots.js';
import type { SmtpSession } from './smtp-handshake.js';
import { outcomeOf, outcomeOfSender } from './smtp-outcome.rules.js';
import { type SmtpReply, SmtpReplyParser } from './smtp-reply.parser.js';
import type { SmtpTimeouts } from './smtp-settings.js';
import { mayNotLeave, type Outcome, type OutgoingMessage } from './transport.js';

export interface Delivery {
  readonly message: OutgoingMessage;
  readonly settle: (outcome: Outcome) => void;
  /** How often its envelope went out for nothing. */
  returns: number;
}

/** Where a connection gets its work, and what it tells. */
export interface DeliverySource {
  take(): Delivery | undefined;
  /** The connection ended before any of the message itself was written: another connection may take it. */
  giveBack(delivery: Delivery, reason: string): void;
  /** The connection will never take work again. */
  ended(connection: SmtpConnection): void;
}

type Expectation =
  | { readonly step: 'mail' | 'rcpt' | 'data' | 'lone-dot' | 'rset' }
  | { readonly step: 'final-dot'; readonly delivery: Delivery };

const MAIL: Expectation = { step: 'mail' };
const RCPT: Expectation = { step: 'rcpt' };
const DATA: Expectation = { step: 'data' };
const LONE_DOT: Expectation = { step: 'lone-dot' };
const RSET: Expectation = { step: 'rset' };

/** A larger message is flushed before its final dot is written, so that losing the connection leaves less in doubt. */
const SINGLE_WRITE = 128 * 1024;
const QUIT_PATIENCE = 2_000;

/**
 * Speaks SMTP with pipelining (RFC 2920) over a session that is set up. Behind the body of one message the envelope of
 * the next is already written, in one write, so that a message costs one round trip. Replies come in the order of the
 * commands; `expected` is what the next ones answer.
 */
export class SmtpConnection {
  private readonly parser = new SmtpReplyParser();
  private readonly expected: Expectation[] = [];
  /** Whose MAIL, RCPT and DATA are written and not yet all answered. */
  private envelope: Delivery | undefined;
  /** The first refusal among the answers to that envelope. */
  private refusal: Outcome | undefined;
  /** Whose body is being flushed; its final dot is not yet written. */
  private flushing: Delivery | undefined;
  private taken = 0;
  private retiring = false;
  private over = false;
  private patience = 0;
  private memory = Buffer.alloc(0);

  constructor(
    private readonly session: SmtpSession,
    private readonly source: DeliverySource,
    private readonly limits: { readonly messagesPerConnection: number; readonly timeouts: SmtpTimeouts },
  ) {
    session.socket
      .on('data', this.onData)
      .on('error', (error: NodeJS.ErrnoException) => {
        this.end(`The connection broke (${error.code ?? error.name})`);
      })
      .on('end', () => {
        this.end('The server closed the connection');
      })
      .on('close', () => {
        this.end('The connection closed');
      })
      .on('timeout', this.onTimeout);
    this.rearm();
  }

  /** It has nothing to do at all. */
  get idle(): boolean {
    return this.ready && this.expected.length === 0;
  }

  /** It could take another envelope now. */
  get ready(): boolean {
    return !this.over && !this.retiring && !this.envelope && !this.flushing;
  }

  /** There may be work. */
  nudge(): void {
    if (!this.ready) return;
    const envelope = this.nextEnvelope();
    if (envelope !== '') this.session.socket.write(envelope, 'latin1');
    this.rearm();
  }

  /** Finishes what is on the wire, takes nothing more, says goodbye. */
  retire(): void {
    this.retiring = true;
    this.quitIfDone();
  }

  /** Ends at once; what waits for the reply to its final dot becomes undecided. */
  destroy(reason: string): void {
    this.end(reason);
  }

  private nextEnvelope(): string {
    if (!this.ready) return '';
    const delivery = this.source.take();
    if (!delivery) return '';
    const { from, to, mime } = delivery.message;
    this.envelope = delivery;
    this.taken++;
    if (this.taken >= this.limits.messagesPerConnection) this.retiring = true;
    this.expected.push(MAIL, RCPT, DATA);
    const size = this.session.extensions.has('SIZE') ? ` SIZE=${mime.length}` : '';
    return `MAIL FROM:<${from}>${size}\r\nRCPT TO:<${to}>\r\nDATA\r\n`;
  }

  private readonly onData = (chunk: Buffer): void => {
    try {
      for (const reply of this.parser.push(chunk)) {
        if (!this.over) this.onReply(reply);
      }
    } catch (error) {
      this.end((error as Error).message);
      return;
    }
    this.quitIfDone();
    this.rearm();
  };

  private onReply(reply: SmtpReply): void {
    const expectation = this.expected.shift();
    if (!expectation) {
      this.end(`The server said ${reply.code} unasked`);
      return;
    }
    // Only DATA has an answer in the 300s, and it has none in the 200s.
    const asks = reply.code >= 300 && reply.code < 400;
    if (reply.code < 400 && asks !== (expectation.step === 'data')) {
      this.expected.unshift(expectation);
      this.end(`The server answered ${expectation.step} with ${reply.code}`);
      return;
    }
    switch (expectation.step) {
      case 'mail':
        if (reply.code >= 400) this.refusal ??= outcomeOfSender(reply);
        break;
      case 'rcpt':
        if (reply.code >= 400) this.refusal ??= outcomeOf(reply);
        break;
      case 'data':
        if (reply.code >= 400) this.refusal ??= outcomeOf(reply);
        if (reply.code !== 421) this.onDataAnswered(asks);
        break;
      case 'final-dot': {
        // Answered in the middle of the body: the rest of it would be read as commands, and its memory is about to
        // hold another message.
        const { delivery } = expectation;
        if (delivery === this.flushing || this.session.socket.writableLength > 0) {
          this.end('The server answered a message before its end');
        }
        delivery.settle(outcomeOf(reply));
        break;
      }
      case 'lone-dot':
      case 'rset':
        break;
      default:
        assertNever(expectation);
    }
    if (reply.code === 421) this.end('The server is closing the connection (421)');
  }

  private onDataAnswered(goAhead: boolean): void {
    const { envelope, refusal } = this;
    this.envelope = undefined;
    this.refusal = undefined;
    if (!envelope) return;
    if (!refusal) {
      this.writeBody(envelope);
      return;
    }
    envelope.settle(refusal);
    // A refused recipient whose DATA is nevertheless answered 354 gets an empty message, which the server drops; else
    // the transaction may still be open, and a second MAIL within it would be refused as nested.
    this.expected.push(goAhead ? LONE_DOT : RSET);
    this.session.socket.write((goAhead ? '.\r\n' : 'RSET\r\n') + this.nextEnvelope(), 'latin1');
  }

  private writeBody(delivery: Delivery): void {
    const { socket } = this.session;
    const { mime, transparent, leaving } = delivery.message;
    const body = transparent ? mime : dotStuffed(mime);
    try {
      leaving?.();
    } catch (error) {
      delivery.settle(mayNotLeave(error));
      this.end('A message may not leave');
      return;
    }
    this.expected.push({ step: 'final-dot', delivery });
    if (body.length <= SINGLE_WRITE) {
      // One buffer in one system call: gathering a body and a string costs more than copying them.
      socket.write(this.together(body, `.\r\n${this.nextEnvelope()}`));
      return;
    }
    this.flushing = delivery;
    socket.write(body, (error) => {
      if (error || this.over) return;
      this.flushing = undefined;
      socket.write(`.\r\n${this.nextEnvelope()}`, 'latin1');
    });
  }

  /** In memory that is used again for the next message: by then the server has answered this one, so it has read it. */
  private together(body: Buffer, tail: string): Buffer {
    const length = body.length + tail.length;
    if (length > this.memory.length || this.session.socket.writableLength > 0) {
      this.memory = Buffer.allocUnsafeSlow(2 * length);
    }
    body.copy(this.memory);
    this.memory.write(tail, body.length, 'latin1');
    return this.memory.subarray(0, length);
  }

  private quitIfDone(): void {
    if (this.over || !this.retiring || this.expected.length > 0) return;
    const { socket } = this.session;
    this.end('The connection is finished', () => {
      socket.setTimeout(QUIT_PATIENCE, () => socket.destroy()).end('QUIT\r\n');
    });
  }

  private readonly onTimeout = (): void => {
    if (this.expected.length === 0) this.retire();
    else this.end('The server did not answer in time');
  };

  /** The socket's own timer counts from the last byte in either direction. */
  private rearm(): void {
    const { timeouts } = this.limits;
    const next = this.expected[0];
    const patience = !next ? timeouts.idle : next.step === 'final-dot' ? timeouts.finalDot : timeouts.command;
    if (this.over || patience === this.patience) return;
    this.patience = patience;
    this.session.socket.setTimeout(patience);
  }

  private end(reason: string, part = (): unknown => this.session.socket.destroy()): void {
    if (this.over) return;
    this.over = true;
    part();
    for (const expectation of this.expected) {
      if (expectation.step !== 'final-dot') continue;
      const certain = expectation.delivery === this.flushing;
      expectation.delivery.settle({ kind: certain ? 'not-sent' : 'undecided', reason });
    }
    if (this.envelope) {
      if (this.refusal) this.envelope.settle(this.refusal);
      else this.source.giveBack(this.envelope, reason);
    }
    this.source.ended(this);
  }
}
