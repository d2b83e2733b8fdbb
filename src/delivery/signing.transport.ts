import { type DkimSigner, type DkimSettings, prepareSigner } from './mime.dkim.js';
import type { MailTransport, Outcome, OutgoingMessage } from './transport.js';

/** So many messages are with the signers while the transport behind is kept busy. */
const BEING_SIGNED = 16;

/** Signs each message with DKIM and passes it on. */
export class SigningTransport implements MailTransport {
  readonly name: string;
  readonly concurrency: number;
  private readonly sign: DkimSigner;

  /** @throws InvalidInputError `bad-dkim`. */
  constructor(
    private readonly transport: MailTransport,
    settings: DkimSettings,
  ) {
    this.name = transport.name;
    this.concurrency = transport.concurrency + BEING_SIGNED;
    this.sign = prepareSigner(settings);
  }

  async send(message: OutgoingMessage): Promise<Outcome> {
    let mime: Buffer;
    try {
      mime = await this.sign(message.mime);
    } catch (error) {
      return { kind: 'not-sent', reason: `The message could not be signed (${(error as Error).name})` };
    }
    return this.transport.send({ ...message, mime });
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
