import { type simpleParser } from 'mailparser';
import { type NotifyClient } from 'notifications-node-client';
import { type NotifySettings } from './notify-settings.js';
import { type Failure, failureOf, outcomeOfAnswer } from './notify-outcome.rules.js';
import type { Found, MailTransport, Outcome, OutgoingMessage } from './transport.js';

/** The API answers within a second or two; it takes a message before it answers. In milliseconds. */
const PATIENCE = 30_000;
const NO_ATTACHMENTS: Outcome = {
  kind: 'permanent',
  code: 400,
  response: 'Refused before sending: GOV.UK Notify carries no attachments',
};

interface Answer {
  readonly data: { readonly notifications?: readonly { readonly status: string }[] };
}

/**
 * Sends the plain text of a message through GOV.UK Notify. The reference of a notification is the message's id, so
 * that after a lost answer, or at any time later, the API can be asked what it has.
 */
export class NotifyTransport implements MailTransport {
  readonly name = 'govuk-notify';
  readonly concurrency = 16;
  /** Loaded only for this transport, as it costs a fifth of a second, and before a message waits for it. */
  private readonly parts: Promise<{ client: NotifyClient; parse: typeof simpleParser }>;
  private readonly inFlight = new Set<Promise<Outcome>>();
  private closed = false;

  constructor(private readonly settings: NotifySettings) {
    this.parts = loaded(settings);
    // Whoever sends is told.
    this.parts.catch(() => undefined);
  }

  async send(message: OutgoingMessage): Promise<Outcome> {
    if (this.closed) return { kind: 'not-sent', reason: 'The transport is closed' };
    const sending = this.sendOne(message);
    this.inFlight.add(sending);
    try {
      return await sending;
    } finally {
      this.inFlight.delete(sending);
    }
  }

  async lookUp(id: string): Promise<Found> {
    const { client } = await this.parts;
    const { data } = (await client.getNotifications('email', undefined, id, undefined)) as Answer;
    const statuses = (data.notifications ?? []).map(({ status }) => status);
    if (statuses.length === 0) return 'absent';
    return statuses.every((status) => /^(?:permanent|temporary|technical)-failure$/.test(status))
      ? 'failed'
      : 'accepted';
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.inFlight);
  }

  private async sendOne({ id, to, mime }: OutgoingMessage): Promise<Outcome> {
    const { client, parse } = await this.parts;
    const mail = await parse(mime, { skipHtmlToText: true, skipTextToHtml: true });
    if (mail.attachments.some(({ related }) => !related)) return NO_ATTACHMENTS;
    const { templateId, emailReplyToId } = this.settings;
    const list = mail.headers.get('list') as { unsubscribe?: { url?: string } } | undefined;
    const unsubscribe = list?.unsubscribe?.url;
    try {
      await client.sendEmail(templateId, to, {
        personalisation: { subject: mail.subject ?? '', message: mail.text ?? '' },
        reference: id,
        ...(emailReplyToId === undefined ? {} : { emailReplyToId }),
        ...(unsubscribe === undefined ? {} : { oneClickUnsubscribeURL: unsubscribe }),
      });
      return { kind: 'accepted', code: 201, response: 'Taken by GOV.UK Notify' };
    } catch (error) {
      return this.afterFailure(id, failureOf(error));
    }
  }

  /** No answer, or one of a server in trouble, says nothing about the message: the API is asked whether it has it. */
  private async afterFailure(id: string, failure: Failure): Promise<Outcome> {
    if (failure.kind === 'answer') return outcomeOfAnswer(failure);
    if (failure.kind === 'unreached') return { kind: 'not-sent', reason: failure.reason, blameless: true };
    const { reason } = failure;
    try {
      const found = await this.lookUp(id);
      if (found !== 'absent') return { kind: 'accepted', code: 201, response: 'Found at GOV.UK Notify' };
      // Whoever answered has finished with the request; whoever did not may still be at it.
      return failure.finished ? { kind: 'not-sent', reason } : { kind: 'undecided', reason };
    } catch {
      return { kind: 'undecided', reason };
    }
  }
}

async function loaded({ baseUrl, apiKey }: NotifySettings) {
  const [{ NotifyClient: Client }, { simpleParser: parse }] = await Promise.all([
    import('notifications-node-client'),
    import('mailparser'),
  ]);
  return { client: withPatience(new Client(baseUrl, apiKey)), parse };
}

/** The official client waits for ever and has no setting for that, but takes another way to make its requests. */
function withPatience(client: NotifyClient): NotifyClient {
  const { apiClient } = client as unknown as { apiClient: { restClient: (options: object) => Promise<unknown> } };
  const request = apiClient.restClient;
  apiClient.restClient = (options) => request({ ...options, timeout: PATIENCE, maxRedirects: 0 });
  return client;
}
