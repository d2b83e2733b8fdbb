import { type DkimSettings, dkimIdentity } from './mime.dkim.js';
import { BEING_SIGNED, type SignedMessage, SigningPool } from './signing.pool.js';
import type { MailTransport, Outcome, OutgoingMessage } from './transport.js';

/** Signs each message with DKIM and passes it on. */
export class SigningTransport implements MailTransport {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsLeaving: boolean;
  private readonly pool: SigningPool;

  /** @throws InvalidInputError `bad-dkim`. */
  constructor(
    private readonly transport: MailTransport,
    settings: DkimSettings,
  ) {
    this.name = transport.name;
    this.concurrency = transport.concurrency + BEING_SIGNED;
    this.tellsLeaving = transport.tellsLeaving === true;
    this.pool = new SigningPool(dkimIdentity(settings), this.concurrency);
  }

  async send(message: OutgoingMessage): Promise<Outcome> {
    let signed: SignedMessage;
    try {
      signed = await this.pool.sign(message.mime);
    } catch (error) {
      return { kind: 'not-sent', reason: `The message could not be signed (${(error as Error).message})` };
    }
    const outcome = await this.transport.send({ ...message, mime: signed.mime });
    signed.done();
    return outcome;
  }

  async close(): Promise<void> {
    await this.transport.close();
    await this.pool.close();
  }
}
