import { type DkimSigner, type DkimSettings, prepareSigner } from './mime.dkim.js';
import type { MailTransport, Outcome, OutgoingMessage } from './transport.js';

/** So many messages are with the signers while the transport behind is kept busy. */
const BEING_SIGNED = 32;

const NOTHING = Buffer.alloc(0);
/** Bytes of a piece of memory that is worth keeping: messages with large attachments are few. */
const MOST_KEPT = 256 * 1024;

/** Signs each message with DKIM and passes it on. */
export class SigningTransport implements MailTransport {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsLeaving: boolean;
  private readonly sign: DkimSigner;
  /**
   * Of messages that have had their answer. Fresh memory for each signed message had the garbage collector mark the whole
   * heap after every few thousand.
   */
  private readonly free: Buffer[] = [];

  /** @throws InvalidInputError `bad-dkim`. */
  constructor(
    private readonly transport: MailTransport,
    settings: DkimSettings,
  ) {
    this.name = transport.name;
    this.concurrency = transport.concurrency + BEING_SIGNED;
    this.tellsLeaving = transport.tellsLeaving === true;
    this.sign = prepareSigner(settings);
  }

  async send(message: OutgoingMessage): Promise<Outcome> {
    let signature: string;
    try {
      signature = await this.sign(message.mime);
    } catch (error) {
      return { kind: 'not-sent', reason: `The message could not be signed (${(error as Error).name})` };
    }
    const length = signature.length + message.mime.length;
    let memory = this.free.pop() ?? NOTHING;
    if (memory.length < length) memory = Buffer.allocUnsafeSlow(2 * length);
    memory.write(signature, 'latin1');
    message.mime.copy(memory, signature.length);
    const outcome = await this.transport.send({ ...message, mime: memory.subarray(0, length) });
    if (memory.length <= MOST_KEPT) this.free.push(memory);
    return outcome;
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
