import { type Tracing } from '../platform/tracing/index.js';
import type { Found, MailTransport, Outcome, OutgoingMessage } from './transport.js';

/** A span for each message from here to the server's answer. Only while something is traced. */
export class TracedTransport implements MailTransport {
  readonly name: string;
  readonly concurrency: number;
  readonly tellsLeaving: boolean;
  readonly readsContent: boolean;
  readonly lookUp?: (id: string) => Promise<Found>;

  constructor(
    private readonly transport: MailTransport,
    private readonly tracing: Tracing,
  ) {
    this.name = transport.name;
    this.concurrency = transport.concurrency;
    this.tellsLeaving = transport.tellsLeaving === true;
    this.readsContent = transport.readsContent !== false;
    if (transport.lookUp) this.lookUp = transport.lookUp.bind(transport);
  }

  send(message: OutgoingMessage): Promise<Outcome> {
    return this.tracing.span('send message', { 'message.id': message.id }, async (tell) => {
      const outcome = await this.transport.send(message);
      tell({
        ...{ 'message.transport': this.name, 'message.outcome': outcome.kind },
        ...('code' in outcome && { 'message.code': outcome.code }),
      });
      return outcome;
    });
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}
