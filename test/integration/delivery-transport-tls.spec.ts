import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { createTransport } from '../../src/delivery/transport.factory.js';
import type { Outcome, OutgoingMessage } from '../../src/delivery/transport.js';
import { scriptedServer } from '../support/scripted-smtp.js';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'tls');
const CA = join(FIXTURES, 'localhost.cert.pem');
const identity = {
  cert: readFileSync(CA, 'utf8'),
  key: readFileSync(join(FIXTURES, 'localhost.key.pem'), 'utf8'),
};
const trusted = `ca=${encodeURIComponent(CA)}&requireTls=true&connections=1`;

interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly taken: { secure: boolean; user: string | undefined; body: string }[];
}

async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const taken: MailServer['taken'] = [];
  const server = new SMTPServer({
    ...identity,
    authOptional: true,
    logger: false,
    closeTimeout: 100,
    onData(stream, session, done) {
      let body = '';
      stream.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
      stream.on('end', () => {
        taken.push({ secure: session.secure, user: session.user as string | undefined, body });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    taken,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}

const hello: OutgoingMessage = {
  id: '1',
  from: 'sender@example.test',
  to: 'testa@example.test',
  mime: Buffer.from('Subject: x\r\n\r\nHello.\r\n'),
};

async function sendBy(address: string): Promise<Outcome> {
  const transport = createTransport(address);
  const outcome = await transport.send(hello);
  await transport.close();
  return outcome;
}

const viaEither = describe.each([
  ['pipelined', 'pipelining=on'],
  ['nodemailer', 'pipelining=off'],
]);

viaEither('TLS, %s', (_name, path) => {
  it.each([
    ['from the first byte', 'smtps', true],
    ['by STARTTLS', 'smtp', false],
  ])('sends through TLS %s when the certificate is trusted', async (_title, scheme, secure) => {
    await using server = await mailServer({ secure });
    expect(await sendBy(`${scheme}://127.0.0.1:${server.port}?${trusted}&${path}`)).toMatchObject({ kind: 'accepted' });
    expect(server.taken).toMatchObject([{ secure: true, body: 'Subject: x\r\n\r\nHello.\r\n' }]);
  });

  it.each([
    ['from the first byte', 'smtps', true],
    ['by STARTTLS', 'smtp', false],
  ])('sends nothing to a server whose certificate does not verify, %s', async (_title, scheme, secure) => {
    await using server = await mailServer({ secure });
    const outcome = await sendBy(`${scheme}://user:pass@127.0.0.1:${server.port}?requireTls=true&${path}`);
    expect(outcome).toMatchObject({ kind: 'not-sent', reason: expect.stringContaining('certificate') as string });
    expect(server.taken).toEqual([]);
  });

  it('says neither password nor message to a server that no longer offers STARTTLS', async () => {
    await using server = await scriptedServer({ extensions: ['PIPELINING', 'AUTH PLAIN LOGIN'] });
    const outcome = await sendBy(`smtp://user:pass@127.0.0.1:${server.port}?requireTls=true&${path}`);
    expect(outcome.kind).toBe('not-sent');
    expect(server.commands.filter((command) => !/^(?:EHLO|STARTTLS|QUIT)/.test(command))).toEqual([]);
  });
});

viaEither('signing in, %s', (_name, path) => {
  it.each([
    ['PLAIN', 'testa:p%40ss%3A%C3%A9', 'accepted'],
    ['LOGIN', 'testa:p%40ss%3A%C3%A9', 'accepted'],
    ['PLAIN', 'testa:wrong', 'not-sent'],
    ['LOGIN', 'testa:wrong', 'not-sent'],
  ])('%s as %s: %s', async (method, user, kind) => {
    await using server = await mailServer({
      authMethods: [method],
      authOptional: false,
      onAuth({ username, password }, _session, done) {
        done(null, username === 'testa' && password === 'p@ss:é' ? { user: username } : {});
      },
    });
    const outcome = await sendBy(`smtp://${user}@127.0.0.1:${server.port}?${trusted}&${path}`);
    expect(outcome.kind).toBe(kind);
    expect(JSON.stringify(outcome)).not.toMatch(/testa|wrong/);
    expect(server.taken.map(({ user: who }) => who)).toEqual(kind === 'accepted' ? ['testa'] : []);
  });

  it('fetches an access token for XOAUTH2, and a new one after a refusal', async () => {
    const asked: string[] = [];
    const tokens = createServer((request, response) => {
      request.setEncoding('utf8').once('data', (body: string) => {
        asked.push(body);
        response.end(JSON.stringify({ access_token: asked.length === 1 ? 'stale' : 'sesame', expires_in: 3600 }));
      });
    });
    await using server = await mailServer({
      authMethods: ['XOAUTH2'],
      authOptional: false,
      onAuth({ username, accessToken }, _session, done) {
        done(null, accessToken === 'sesame' ? { user: username ?? '' } : { data: { status: '401' } });
      },
    });
    const port = await listening(tokens);
    const oauth = `oauthTokenUrl=http://127.0.0.1:${port}/token&oauthClientId=cqrs&oauthClientSecret=s&oauthScope=smtp`;
    const transport = createTransport(
      `smtp://sender%40example.test@127.0.0.1:${server.port}?${trusted}&${path}&${oauth}`,
    );
    expect((await transport.send(hello)).kind).toBe('not-sent');
    expect((await transport.send(hello)).kind).toBe('accepted');
    await transport.close();
    expect(server.taken.map(({ user }) => user)).toEqual(['sender@example.test']);
    expect(asked[0]).toBe('client_id=cqrs&client_secret=s&scope=smtp&grant_type=client_credentials');
    tokens.close();
  });

  it('sends nothing when no token is to be had', async () => {
    const tokens = createServer((_request, response) => response.writeHead(400).end('{"error":"invalid_client"}'));
    await using server = await mailServer({ authMethods: ['XOAUTH2'], authOptional: false });
    const port = await listening(tokens);
    const oauth = `oauthTokenUrl=http://127.0.0.1:${port}/token&oauthClientId=cqrs`;
    const outcome = await sendBy(`smtp://sender@127.0.0.1:${server.port}?${trusted}&${path}&${oauth}`);
    expect(outcome.kind).toBe('not-sent');
    tokens.close();
  });
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
