import { sql } from 'kysely';
import { type DeliveryTables } from '../../src/delivery/delivery.tables.js';
import { mailRoutes } from '../../src/delivery/mail-routes.js';
import { type CaptureInbox } from '../../src/delivery/capture.inbox.js';
import { type MailTransport, type OutgoingMessage } from '../../src/delivery/index.js';
import { UnknownResolver } from '../../src/delivery/unknown.resolver.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { NoTracing } from '../../src/platform/tracing/index.js';
import { FixedClock } from '../../src/shared/clock.js';
import { testDatabase } from '../support/database.js';
import { addressOf, DeliveryApp, MONDAY } from '../support/delivery-app.js';
import { type NotifyBehaviour, NotifyServer } from '../support/notify-server.js';

let notify: NotifyServer;
const open: MailTransport[] = [];
beforeEach(async () => {
  notify = await NotifyServer.start();
});
afterEach(async () => {
  for (const transport of open.splice(0)) await transport.close();
  await notify[Symbol.asyncDispose]();
});

function transport(url = notify.url()): MailTransport {
  const config = loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!', SMTP_URL: url });
  const [route] = mailRoutes(config, {} as CaptureInbox, new NoTracing());
  open.push(route!.transport);
  return route!.transport;
}

const message = (
  headers: readonly string[] = [],
  text = 'Sign in by 18 September.\r\n\r\n– The CQRS team',
): OutgoingMessage => ({
  id: '0198f6a0-0000-7000-8000-000000000001',
  from: 'bounce@example.test',
  to: 'testa.sample1@nhs.net',
  mime: Buffer.from(
    [
      'Message-ID: <0198f6a0-0000-7000-8000-000000000001@example.test>',
      'Subject: =?utf-8?Q?Sign_in_=E2=80=93_soon?=',
      ...headers,
      'MIME-Version: 1.0',
      'Content-Type: multipart/alternative; boundary="b"',
      '',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      '',
      text,
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>Sign in</p>',
      '--b--',
      '',
    ].join('\r\n'),
  ),
});

describe('GOV.UK Notify', () => {
  it('gets the subject and the plain text of a message, with its id as the reference', async () => {
    const replyTo = '8e222534-7f05-4972-86e3-17c5d9f894e2';
    const outcome = await transport(notify.url(undefined, `&replyTo=${replyTo}`)).send(
      message([
        'List-Unsubscribe: <https://comms.example.test/unsubscribe/abc>',
        'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      ]),
    );
    expect(outcome).toMatchObject({ kind: 'accepted', code: 201 });
    expect(notify.taken).toEqual([
      {
        template_id: 'f33517ff-2a88-4f6e-b855-c550268ce08a',
        email_address: 'testa.sample1@nhs.net',
        personalisation: { subject: 'Sign in – soon', message: 'Sign in by 18 September.\n\n– The CQRS team' },
        reference: '0198f6a0-0000-7000-8000-000000000001',
        email_reply_to_id: replyTo,
        one_click_unsubscribe_url: 'https://comms.example.test/unsubscribe/abc',
      },
    ]);
  });

  it.each<[string, NotifyBehaviour, object]>([
    [
      '400: the message is refused, and its address not repeated',
      { status: 400, error: 'ValidationError', message: 'email_address testa.sample1@nhs.net is not a valid address' },
      { kind: 'permanent', code: 400, response: 'ValidationError: email_address [address] is not a valid address' },
    ],
    [
      '403: nothing can be sent',
      { status: 403, error: 'AuthError', message: 'expired' },
      { kind: 'not-sent', reason: 'AuthError: expired', blameless: true },
    ],
    [
      '429: everybody slows down',
      { status: 429, error: 'RateLimitError', message: 'Exceeded rate limit' },
      { kind: 'throttled', code: 429, response: 'RateLimitError: Exceeded rate limit' },
    ],
    [
      '500 without having taken it: not sent',
      { status: 500, error: 'Exception', message: 'Internal server error' },
      { kind: 'not-sent', reason: 'GOV.UK Notify answered 500' },
    ],
    [
      '500 although it has it: sent',
      'take-and-fail',
      { kind: 'accepted', code: 201, response: 'Found at GOV.UK Notify' },
    ],
    [
      'a lost answer although it has it: sent',
      'take-and-hang-up',
      { kind: 'accepted', code: 201, response: 'Found at GOV.UK Notify' },
    ],
    [
      'a lost answer and nothing there yet: undecided',
      'hang-up',
      { kind: 'undecided', reason: 'GOV.UK Notify gave no answer (ECONNRESET)' },
    ],
  ])('answers %s', async (_, behaviour, outcome) => {
    notify.answer(() => behaviour);
    expect(await transport().send(message())).toEqual(outcome);
  });

  it('leaves undecided what it can neither send nor look up', async () => {
    notify.answer(() => 'take-and-fail');
    notify.search(false);
    expect(await transport().send(message())).toMatchObject({ kind: 'undecided' });
  });

  it('says that nothing was sent when the key is wrong, or the server is not there', async () => {
    const wrong = notify.url('tests-26785a09-ab16-4eb0-8407-a37497a57506-00000000-8d35-48ac-975b-e847b4f122b0');
    expect(await transport(wrong).send(message())).toMatchObject({ kind: 'not-sent', reason: /AuthError/ });
    const url = notify.url();
    await notify[Symbol.asyncDispose]();
    const gone = transport(url);
    notify = await NotifyServer.start();
    expect(await gone.send(message())).toMatchObject({ kind: 'not-sent', reason: /ECONNREFUSED/, blameless: true });
  });

  it.each([
    ['notify://?template=f33517ff-2a88-4f6e-b855-c550268ce08a', /SMTP_URL: key: /],
    ['notify://?key=short&template=f33517ff-2a88-4f6e-b855-c550268ce08a', /SMTP_URL: key: expected a whole API key/],
    ['notify://?key=a&template=b&colour=red', /SMTP_URL: .*colour/],
  ])('refuses the address %s', (url, why) => {
    expect(() => transport(url)).toThrow(why);
  });
});

describe('a message that is unknown at GOV.UK Notify', () => {
  it('is decided by what is there: taken, failed, or sent again when it certainly is not', async () => {
    await using database = await testDatabase<DeliveryTables>();
    const clock = new FixedClock(MONDAY);
    await using app = await DeliveryApp.start({ server: database.server, smtpUrl: notify.url(), clock });
    const resolver = new UnknownResolver(app.ledger, clock, app.routes);
    const unclear = new Set([1, 2, 3].map(addressOf));
    notify.answer((address) =>
      !unclear.has(address) ? 'accept' : address === addressOf(3) ? 'hang-up' : 'take-and-hang-up',
    );
    notify.search(false);
    const { campaignId } = await app.plan(5);
    await app.until(async () => (await app.ledger.progress({ campaignId })).states.unknown === 3, campaignId);
    expect(notify.taken).toHaveLength(4);

    // Nobody can be asked: they stay unknown.
    expect(await resolver.resolve()).toBe(0);
    notify.search(true);
    notify.answer(() => 'accept');
    const [, failed] = await app.ledger.messages({ campaignId });
    notify.statuses.set(failed!.id, 'permanent-failure');
    expect(await resolver.resolve()).toBe(2);
    expect((await app.ledger.progress({ campaignId })).states).toMatchObject({ accepted: 3, failed: 1, unknown: 1 });

    clock.moveTo(new Date(MONDAY.getTime() + 11 * 60_000));
    expect(await resolver.resolve()).toBe(1);
    await app.untilFinished({ campaignId });
    expect((await app.ledger.progress({ campaignId })).states).toMatchObject({ accepted: 4, failed: 1, unknown: 0 });
    expect(new Set(notify.taken.map(({ reference }) => reference)).size).toBe(5);
    expect(notify.taken).toHaveLength(5);
    expect(await app.ledger.faults()).toEqual([]);
  });

  it('is decided although another service cannot be asked', async () => {
    await using database = await testDatabase<DeliveryTables>();
    await using other = await NotifyServer.start();
    const clock = new FixedClock(MONDAY);
    await using app = await DeliveryApp.start({ server: database.server, smtpUrl: notify.url(), clock });
    notify.answer(() => 'take-and-hang-up');
    notify.search(false);
    other.search(false);
    const { campaignId } = await app.plan(4);
    await app.until(async () => (await app.ledger.progress({ campaignId })).states.unknown === 4, campaignId);
    notify.search(true);
    await sql`update delivery set transport = 'other' where ordinal % 2 = 1`.execute(database.db);
    const [route] = app.routes;
    const resolver = new UnknownResolver(app.ledger, clock, [
      { ...route!, name: 'other', transport: transport(other.url()) },
      route!,
    ]);
    expect(await resolver.resolve()).toBe(2);
    expect((await app.ledger.progress({ campaignId })).states).toMatchObject({ accepted: 2, unknown: 2 });
  });
});
