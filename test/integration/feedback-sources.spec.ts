import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { returnPathsOf } from '../../src/delivery/index.js';
import { LARGEST_REPORT } from '../../src/feedback/feedback.source.js';
import { ListenerSource } from '../../src/feedback/listener.source.js';
import { MailboxSource } from '../../src/feedback/mailbox.source.js';
import { MailboxServer } from '../support/mailbox-server.js';

const SECRET = 'a-secret-of-this-spec-that-is-long-enough';
const MESSAGE = '0b5f6c1e-8c5f-4d0a-9a57-0d1f1f6f2c11';
const OURS = returnPathsOf('cqrs-comms@example.test', SECRET)(MESSAGE);
const report = (n: number) => `From: MAILER-DAEMON@mx.example.org\r\nSubject: Report ${n}\r\n\r\nIt came back.\r\n`;

beforeAll(() => {
  Logger.overrideLogger(false);
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`It did not come to pass: ${condition.toString()}`);
    await delay(10);
  }
}

async function tokenEndpoint(give: (body: string) => string): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token: give(body), expires_in: 3_600 }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

describe('a mailbox', () => {
  let server: MailboxServer;
  let source: MailboxSource;
  const taken: string[] = [];
  let take: (raw: Buffer) => Promise<void>;

  beforeEach(async () => {
    taken.length = 0;
    take = (raw) => {
      taken.push(raw.toString());
      return Promise.resolve();
    };
    server = await MailboxServer.start('Delivery Reports');
    source = new MailboxSource(server.url, { pollMs: 60_000, pauseMs: 10 });
  });
  afterEach(async () => {
    await source.stop();
    await server[Symbol.asyncDispose]();
  });

  it('is emptied of what is unseen, whole and in order, and hears at once of what comes later', async () => {
    server.deliver(report(1));
    server.deliver(report(2));
    await source.start(take);
    await until(() => server.isWaitedOn);
    expect(taken).toEqual([report(1), report(2)]);
    server.deliver(report(3));
    await until(() => server.seen.every(Boolean));
    expect(taken).toEqual([report(1), report(2), report(3)]);
  });

  it('is opened by an access token, and by a new one when the old one no longer works', async () => {
    const given = ['stale', 'sesame', 'sesame'];
    const asked: string[] = [];
    await using endpoint = await tokenEndpoint((body) => {
      asked.push(body);
      return given.shift() ?? 'none';
    });
    server.token = 'sesame';
    const url = server.url.replace(':secret', '');
    const oauth = `oauthTokenUrl=${encodeURIComponent(endpoint.url)}&oauthClientId=cqrs&oauthRefreshToken=r&oauthScope=imap`;
    source = new MailboxSource(`${url}?${oauth}`, { pollMs: 60_000, pauseMs: 10 });
    server.deliver(report(1));
    await source.start(take);
    await until(() => server.seen.every(Boolean));
    expect(taken).toEqual([report(1)]);
    expect(server.signIns).toBe(1);
    expect(asked[1]).toBe('client_id=cqrs&scope=imap&grant_type=refresh_token&refresh_token=r');
    // The token is kept for the next connection.
    server.drop();
    server.deliver(report(2));
    await until(() => server.seen.every(Boolean));
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['imaps://', 'the name of a server'],
    ['imaps://u@mail.test', 'a password'],
    ['imaps://u:p%@mail.test', '%25'],
    ['imaps://u:p@mail.test/INBOX?colour=red', 'colour'],
    ['imaps://u@mail.test?oauthTokenUrl=https://login.test/token', 'oauthClientId'],
    ['imaps://mail.test?oauthTokenUrl=https://login.test/token&oauthClientId=a', 'a user'],
  ])('is refused at the start as %s', (url, why) => {
    expect(() => new MailboxSource(url)).toThrow(why);
    expect(() => new MailboxSource(url)).toThrow(/^FEEDBACK_IMAP_URL: /);
  });

  it('marks a message as seen only once it is stored', async () => {
    let store: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => (store = resolve));
    let asked = false;
    server.deliver(report(1));
    await source.start(() => {
      asked = true;
      return stored;
    });
    await until(() => asked);
    expect(server.seen).toEqual([false]);
    store();
    await until(() => server.seen.every(Boolean));
  });

  it('tries a message again that could not be stored, and lets the others pass it', async () => {
    let broken = true;
    server.deliver(report(1));
    server.deliver(report(2));
    await source.start((raw) =>
      broken && raw.includes('Report 1') ? Promise.reject(new Error('no database')) : take(raw),
    );
    await until(() => server.isWaitedOn);
    expect(server.seen).toEqual([false, true]);
    broken = false;
    server.drop();
    await until(() => server.seen.every(Boolean));
    expect(taken).toEqual([report(2), report(1)]);
  });

  it('comes back after the connection was lost and after sign-in was refused', async () => {
    await source.start(take);
    await until(() => server.isWaitedOn);
    expect(source.isUp).toBe(true);
    server.locked = true;
    server.drop();
    await until(() => !source.isUp);
    await delay(50);
    expect(source.isUp).toBe(false);
    server.locked = false;
    server.deliver(report(1));
    await until(() => server.seen.every(Boolean));
    expect(server.signIns).toBeGreaterThan(1);
  });

  it('lets go at once when it is told to stop, and waits for what is being stored', async () => {
    let store: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => (store = resolve));
    let asked = false;
    const order: string[] = [];
    server.deliver(report(1));
    await source.start(async () => {
      asked = true;
      await stored;
      order.push('stored');
    });
    await until(() => asked);
    const stopped = source.stop().then(() => order.push('stopped'));
    store();
    await stopped;
    expect(order).toEqual(['stored', 'stopped']);
  });
});

describe('the SMTP listener', () => {
  const source = new ListenerSource({ host: '127.0.0.1', port: 0, secret: SECRET });
  const taken: { raw: string; recipient: string | undefined }[] = [];
  let broken = false;
  beforeAll(async () => {
    await source.start((raw, recipient) => {
      if (broken) return Promise.reject(new Error('no database'));
      taken.push({ raw: raw.toString(), recipient });
      return Promise.resolve();
    });
  });
  afterAll(() => source.stop());
  beforeEach(() => {
    taken.length = 0;
    broken = false;
  });

  const send = async (to: string | string[], raw: string | Buffer = report(1), from = '') => {
    const client = createTransport({ host: '127.0.0.1', port: source.port ?? 0, ignoreTLS: true });
    return client.sendMail({ envelope: { from, to }, raw }).finally(() => {
      client.close();
    });
  };

  it('takes what comes to a return path that was signed, with the address it came to', async () => {
    await send(OURS);
    expect(taken).toEqual([{ raw: `Return-Path: <>\r\n${report(1)}`, recipient: OURS }]);
  });

  it('writes down who sent it, as whoever delivers a message must: a report has no sender, a person has', async () => {
    await send(OURS, `Return-Path: <>\r\n${report(1)}`, 'anna@example.org');
    expect(taken.map(({ raw }) => raw.split('\r\n', 2))).toEqual([
      ['Return-Path: <anna@example.org>', 'Return-Path: <>'],
    ]);
  });

  it('takes it whatever became of the capitals on the way', async () => {
    await send(OURS.toUpperCase());
    expect(taken).toHaveLength(1);
  });

  it.each([
    'cqrs-comms@example.test',
    'testa.sample1@nhs.net',
    returnPathsOf('cqrs-comms@example.test', 'another secret of thirty-two letters')(MESSAGE),
  ])('refuses anybody else: %s', async (to) => {
    await expect(send(to)).rejects.toMatchObject({ responseCode: 550 });
    expect(taken).toEqual([]);
  });

  it('takes one return path at a time', async () => {
    const other = returnPathsOf('cqrs-comms@example.test', SECRET)('1b5f6c1e-8c5f-4d0a-9a57-0d1f1f6f2c11');
    const { rejected } = await send([OURS, other]);
    expect(rejected).toEqual([other]);
    expect(taken).toHaveLength(1);
  });

  it('refuses what is too large', async () => {
    const huge = Buffer.alloc(LARGEST_REPORT + 1_000, 'x'.repeat(70) + '\r\n');
    await expect(send(OURS, huge)).rejects.toMatchObject({ responseCode: 552 });
    expect(taken).toEqual([]);
  });

  it('asks the sender to come again when it cannot store', async () => {
    broken = true;
    await expect(send(OURS)).rejects.toMatchObject({ responseCode: 451 });
  });

  it('says which setting is wrong when the port is taken', async () => {
    const second = new ListenerSource({ host: '127.0.0.1', port: source.port ?? 0, secret: SECRET });
    await expect(second.start(() => Promise.resolve())).rejects.toMatchObject({ code: 'feedback-port' });
  });
});
