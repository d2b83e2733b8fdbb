import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import {
  type CompiledTemplate,
  type MessageEncoder,
  TemplateCatalogue,
  type TemplateValues,
} from '../rendering/index.js';
import { type ByteWriter } from '../shared/byte-writer.js';
import { Clock } from '../shared/clock.js';
import { AppError, ConflictError } from '../shared/errors.js';
import { MAIL_ROUTES, type MailRoute } from './mail-routes.js';
import { type Mailable } from './message.screening.js';
import { type MimeComposer, prepareComposer } from './mime.composer.js';
import { TEMPLATE_CHANGED } from './message.states.js';
import { type Change } from './outcome.rules.js';
import { returnPathsOf } from './return-path.rules.js';
import { type Sender, senderOf } from './sender.rules.js';
import { type OutgoingMessage } from './transport.js';
import { unsubscribeUrl } from './unsubscribe-link.rules.js';

export interface Prepared {
  readonly ordinal: number;
  readonly attempt: number;
  readonly setbacks: number;
  readonly outgoing: OutgoingMessage;
  /** Of the message, in hex. */
  readonly sha256: string;
}

/** Of one window: some hundred ordinary messages, or a few with an attachment. */
const MOST_BYTES = 8 * 1024 * 1024;

/** So many messages are made before the connections get their turn. */
const AT_ONCE = 5;

const NOTHING = Buffer.alloc(0);

/**
 * Then it is looked at again, in milliseconds: while an upgrade goes on, or after one that is taken back, somebody has
 * the version that was approved.
 */
const LOOKED_AT_AGAIN = 5 * 60_000;

type SharedValues = Readonly<Record<string, unknown>>;

/** Turns ledger rows into the bytes that will be sent. */
@Injectable()
export class MessagePreparer {
  private readonly sender: Sender;
  private readonly returnPathOf: (messageId: string) => string;
  private readonly composers = new WeakMap<CompiledTemplate, MimeComposer>();
  /** By the shared values of a slice that is being drained. */
  private readonly encoders = new WeakMap<SharedValues, Map<CompiledTemplate, MessageEncoder>>();
  private readonly isRead: boolean;

  constructor(
    private readonly catalogue: TemplateCatalogue,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
    @Inject(MAIL_ROUTES) routes: readonly MailRoute[],
  ) {
    this.sender = senderOf(config.mailFrom);
    this.returnPathOf = returnPathsOf(this.sender.mailbox.address, config.secret);
    this.isRead = routes.some(({ transport }) => transport.readsContent !== false);
  }

  /**
   * Into the memory of `out`. A message that cannot be made fails on its own and leaves the others alone; one whose
   * template is not the version that was approved waits, as it may be this worker that is too old or too new. Stops early
   * when large attachments have filled much memory: the rest is for the next call. Between a few messages and the next
   * the connections get their turn: a server that waits for a whole window to be made is idle for a third of the time.
   */
  async prepare(messages: readonly Mailable[], sharedValues: SharedValues, out: ByteWriter) {
    const prepared: Prepared[] = [];
    const unmade: Change[] = [];
    let bytes = 0;
    for (const [i, message] of messages.entries()) {
      if (bytes > MOST_BYTES) break;
      if (this.isRead && i % AT_ONCE === AT_ONCE - 1) await setImmediate();
      try {
        const one = this.one(message, sharedValues, out);
        bytes += one.outgoing.mime.length;
        prepared.push(one);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        unmade.push(this.unmade(message, error));
      }
    }
    return { prepared, unmade };
  }

  private unmade({ ordinal }: Mailable, { code, message }: AppError): Change {
    const reason = `${code}: ${message}`;
    // A simulation has no other worker, and steps from one due moment to the next.
    if (code !== TEMPLATE_CHANGED || !this.isRead) return { ordinal, state: 'failed', reason };
    const nextAttemptAt = new Date(this.clock.now().getTime() + LOOKED_AT_AGAIN);
    return { ordinal, state: 'deferred', reason, nextAttemptAt };
  }

  private one(message: Mailable, sharedValues: SharedValues, out: ByteWriter): Prepared {
    const { id, ordinal, address, attempt, setbacks } = message;
    const template = this.catalogue.get(message.template);
    if (template.version !== message.templateVersion) {
      throw new ConflictError(TEMPLATE_CHANGED, `Template ${template.name} is not the version that was approved`);
    }
    const body = this.encoderOf(template, sharedValues)(JSON.parse(message.values) as TemplateValues);
    if (!this.isRead) {
      return { ordinal, attempt, setbacks, outgoing: { id, from: '', to: address, mime: NOTHING }, sha256: '' };
    }
    const unsubscribe = template.kind === 'optional' && { unsubscribeUrl: unsubscribeUrl(id, this.config) };
    const parts = { id, date: this.clock.now(), to: { address }, ...body, ...unsubscribe };
    const mime = this.composerOf(template).compose(parts, out);
    const from = this.returnPathOf(id);
    // No line of an encoded body begins with a dot, and none of a header, as folded lines begin with a space.
    const outgoing = { id, from, to: address, mime, transparent: true };
    const sha256 = hash('sha256', mime, 'hex');
    return { ordinal, attempt, setbacks, outgoing, sha256 };
  }

  private encoderOf(template: CompiledTemplate, sharedValues: SharedValues): MessageEncoder {
    let encoders = this.encoders.get(sharedValues);
    if (!encoders) {
      encoders = new Map();
      this.encoders.set(sharedValues, encoders);
    }
    let encoder = encoders.get(template);
    if (!encoder) {
      encoder = template.encoder(sharedValues);
      encoders.set(template, encoder);
    }
    return encoder;
  }

  private composerOf(template: CompiledTemplate): MimeComposer {
    let composer = this.composers.get(template);
    if (!composer) {
      const { mailbox, domain } = this.sender;
      composer = prepareComposer({ from: mailbox, messageIdDomain: domain, attachments: template.attachments });
      this.composers.set(template, composer);
    }
    return composer;
  }
}
