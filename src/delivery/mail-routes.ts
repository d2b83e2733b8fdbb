import { type Config, mailTransportsOf } from '../platform/config/index.js';
import { type Tracing } from '../platform/tracing/index.js';
import { type CaptureInbox } from './capture.inbox.js';
import { CaptureTransport } from './capture.transport.js';
import { type Limits } from './pace.repository.js';
import { TracedTransport } from './traced.transport.js';
import { createTransport } from './transport.factory.js';
import { type MailTransport } from './transport.js';
import { type WrapTransport } from './transport.wrapping.js';

/** DI token of the `MailRoute[]`, one at least. */
export const MAIL_ROUTES = Symbol('MailRoutes');

/** A transport with its share of the work and its limits. */
export interface MailRoute {
  /** Of its row in `pace`; in the ledger, metrics, health and logs. */
  readonly name: string;
  /** 0: stands by. */
  readonly weight: number;
  readonly limits: Limits;
  readonly transport: MailTransport;
}

/**
 * The configured transports, else the capture inbox. Opens no connection yet.
 * @throws InvalidInputError `bad-smtp-url`, `bad-dkim`, `bad-notify-url`, naming the setting and the transport.
 */
export function mailRoutes(
  config: Config,
  inbox: CaptureInbox,
  tracing: Tracing,
  wrapWith: WrapTransport = (transport) => transport,
): MailRoute[] {
  const wrap = (configured: MailTransport) => {
    const transport = wrapWith(configured);
    return tracing.isOn ? new TracedTransport(transport, tracing) : transport;
  };
  const configured = mailTransportsOf(config).map(({ name, url, weight, ratePerMinute, dayBudget }): MailRoute => {
    const transport = createTransport(url, name === undefined ? 'SMTP_URL' : `SMTP_TRANSPORTS (${name})`);
    const limits = { ratePerMinute: ratePerMinute ?? null, dayBudget: dayBudget ?? null };
    return { name: name ?? transport.name, weight, limits, transport: wrap(transport) };
  });
  if (configured.length > 0) return configured;
  const capture = wrap(new CaptureTransport(inbox));
  return [{ name: capture.name, weight: 1, limits: { ratePerMinute: null, dayBudget: null }, transport: capture }];
}
