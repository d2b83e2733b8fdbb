import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { NodemailerTransport } from '../../src/delivery/nodemailer.transport.js';
import { SmtpPipelineTransport } from '../../src/delivery/smtp-pipeline.transport.js';
import { type SmtpSettings, smtpSettings } from '../../src/delivery/smtp-settings.js';
import { SmtpTransport } from '../../src/delivery/smtp.transport.js';
import { createTransport } from '../../src/delivery/transport.factory.js';
import type { MailTransport, Outcome, OutgoingMessage } from '../../src/delivery/transport.js';
import { type Script, type ScriptedServer, scriptedServer } from '../support/scripted-smtp.js';

const BODY = 'Subject: Test\r\n\r\nDeclare before midday.\r\n.\r\n..two dots\r\n';

function message(to: string, body = BODY): OutgoingMessage {
  return { id: to, from: 'sender@example.test', to: `${to}@example.test`, mime: Buffer.from(body) };
}

function settings(port: number, change: Partial<SmtpSettings> = {}): SmtpSettings {
  return { ...smtpSettings(`smtp://127.0.0.1:${port}?connections=1`), ...change };
}

function impatient(port: number, milliseconds: number): SmtpSettings {
  const base = settings(port);
  const wait = { greeting: milliseconds, command: milliseconds, finalDot: milliseconds };
  return { ...base, timeouts: { ...base.timeouts, ...wait } };
}

const to = (name: string): string => `RCPT TO:<${name}@example.test>`;

/** Sends all at once through one connection and says what became of each. */
async function outcomes(transport: MailTransport, messages: readonly OutgoingMessage[]): Promise<Outcome[]> {
  try {
    return await Promise.all(messages.map((one) => transport.send(one)));
  } finally {
    await transport.close();
  }
}

async function withServer<T>(script: Script, use: (server: ScriptedServer) => Promise<T>): Promise<T> {
  await using server = await scriptedServer(script);
  return await use(server);
}

const kinds = (list: readonly Outcome[]): string[] => list.map(({ kind }) => kind);

describe.each([
  ['the pipelined transport', (of: SmtpSettings) => new SmtpPipelineTransport(of)],
  ['the nodemailer transport', (of: SmtpSettings) => new NodemailerTransport(of)],
])('%s', (name, open) => {
  it('delivers each message unchanged, to its one recipient', () =>
    withServer({}, async (server) => {
      expect(
        kinds(
          await outcomes(
            open(settings(server.port)),
            ['a', 'b', 'c'].map((name) => message(name)),
          ),
        ),
      ).toEqual([...['accepted', 'accepted', 'accepted']]);
      expect(server.messages).toEqual([BODY, BODY, BODY]);
      expect(server.commands.filter((command) => command.startsWith('RCPT'))).toEqual([to('a'), to('b'), to('c')]);
    }));

  it.each([
    ['refuses DATA as well', '554 5.5.1 no valid recipients', undefined],
    ['answers DATA with 503', '503 5.5.1 bad sequence of commands', undefined],
    ['goes ahead with DATA all the same', '354 go ahead', '554 5.5.1 no valid recipients'],
    ['even takes the empty message', '354 go ahead', '250 ok'],
  ])('keeps a refused recipient to itself when the server %s', (_title, data, dot) => {
    let refused = false;
    const answer: Script['answer'] = ({ command }) => {
      if (command === to('b')) {
        refused = true;
        return '550 5.1.1 <b@example.test>: unknown';
      }
      if (command === 'DATA' && refused) {
        if (!data.startsWith('354')) refused = false;
        return data;
      }
      if (command !== '.' || !refused) return undefined;
      refused = false;
      return dot;
    };
    return withServer({ answer }, async (server) => {
      const found = await outcomes(open(settings(server.port)), [message('a'), message('b'), message('c')]);
      expect(kinds(found)).toEqual(['accepted', 'permanent', 'accepted']);
      expect(found[1]).toMatchObject({ code: 550, enhanced: '5.1.1', response: '5.1.1 <[address]>: unknown' });
      expect(server.messages.filter((body) => body !== '')).toEqual([BODY, BODY]);
      expect(server.connections).toBe(1);
    });
  });

  it('tells that a message leaves when the server asks for it, and of none that it refuses before', () =>
    withServer({ answer: ({ command }) => (command === to('b') ? '550 5.1.1 unknown' : undefined) }, async (server) => {
      const left: string[] = [];
      const told = ['a', 'b', 'c'].map((name) => {
        const leaving = (): void => {
          left.push(`${name} behind ${server.messages.filter((one) => one === BODY).length}`);
        };
        return { ...message(name), leaving };
      });
      const transport = open(settings(server.port));
      expect(transport.tellsLeaving).toBe(true);
      expect(kinds(await outcomes(transport, told))).toEqual(['accepted', 'permanent', 'accepted']);
      expect(left).toEqual(['a behind 0', 'c behind 1']);
    }));

  it('lets nothing go of a message that may not leave, and sends the others', () =>
    withServer({}, async (server) => {
      const leaving = (): void => {
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      };
      const list = [message('a'), { ...message('b', 'Subject: b\r\n\r\nb\r\n'), leaving }, message('c')];
      const [a, b, c] = await outcomes(open(settings(server.port)), list);
      expect([a?.kind, c?.kind]).toEqual(['accepted', 'accepted']);
      expect(b).toEqual({ kind: 'not-sent', reason: expect.stringContaining('ENOSPC') as string });
      expect(server.messages).toEqual([BODY, BODY]);
    }));

  it('does not open a transaction within a transaction', () => {
    let inTransaction = false;
    let recipient = '';
    const answer: Script['answer'] = ({ command }) => {
      if (command.startsWith('MAIL') && inTransaction) return '503 5.5.1 nested MAIL command';
      if (command.startsWith('MAIL')) inTransaction = true;
      if (command === 'RSET' || command === '.') inTransaction = false;
      if (command.startsWith('RCPT')) recipient = command;
      if (recipient !== to('a')) return undefined;
      if (command.startsWith('RCPT')) return '452 4.2.2 mailbox full';
      return command === 'DATA' ? '554 5.5.1 no valid recipients' : undefined;
    };
    return withServer({ answer }, async (server) => {
      const found = await outcomes(open(settings(server.port)), [message('a'), message('b')]);
      expect(kinds(found)).toEqual(['transient', 'accepted']);
    });
  });

  it('tells a message refused at its end from its neighbours', () => {
    let dots = 0;
    const answer: Script['answer'] = ({ command }) =>
      command === '.' && ++dots === 2 ? '554 5.7.1 looks like spam' : undefined;
    return withServer({ answer }, async (server) => {
      const found = await outcomes(
        open(settings(server.port)),
        ['a', 'b', 'c'].map((name) => message(name)),
      );
      expect(kinds(found)).toEqual(['accepted', 'permanent', 'accepted']);
    });
  });

  it('calls a message undecided when the server hangs up instead of answering the final dot', () => {
    let dots = 0;
    const answer: Script['answer'] = ({ command }) => (command === '.' && ++dots === 1 ? 'close' : undefined);
    return withServer({ answer }, async (server) => {
      const found = await outcomes(open(settings(server.port)), [message('a'), message('b')]);
      expect(kinds(found)).toEqual(['undecided', 'accepted']);
      expect(server.messages).toHaveLength(2);
    });
  });

  it('calls a message undecided when the final dot is never answered', () =>
    withServer({ answer: ({ command }) => (command === '.' ? 'silence' : undefined) }, async (server) => {
      expect(kinds(await outcomes(open(impatient(server.port, 200)), [message('a')]))).toEqual(['undecided']);
    }));

  it.each([
    ['hangs up at once', 'close'],
    ['says nothing', 'silence'],
  ])('knows that a message was not sent when the server %s at its envelope', (_title, reaction) =>
    withServer(
      { answer: ({ command }) => (/^(?:MAIL|RCPT|DATA)/.test(command) ? reaction : undefined) },
      async (server) => {
        expect(kinds(await outcomes(open(impatient(server.port, 200)), [message('a')]))).toEqual(['not-sent']);
        expect(server.messages).toEqual([]);
      },
    ),
  );

  it('knows that a large message was not sent when the connection breaks in the middle of it', () => {
    const large = message(
      'a',
      `Subject: x

${`${'y'.repeat(70)}
`.repeat(400_000)}`,
    );
    const answer: Script['answer'] = ({ command, socket }) => {
      if (command !== 'DATA') return undefined;
      socket.pause();
      setTimeout(() => socket.destroy(), 100);
      return undefined;
    };
    return withServer({ answer }, async (server) => {
      const [found] = await outcomes(open(settings(server.port)), [large]);
      // nodemailer cannot tell how much of a body it has written.
      expect(['not-sent', ...(name.includes('nodemailer') ? ['undecided'] : [])]).toContain(found?.kind);
    });
  });

  it.each([
    ['421 4.3.2 too many connections', 'throttled'],
    ['554 5.7.1 go away', 'not-sent'],
    ['220', 'accepted'],
  ])('greeted with "%s": %s', (greeting, kind) =>
    withServer({ greeting }, async (server) => {
      expect(kinds(await outcomes(open(settings(server.port)), [message('a'), message('b')]))).toEqual([kind, kind]);
    }),
  );

  it('says of a sender that is refused that nothing was sent, and blames no message', () => {
    const refusal = '530 5.7.1 Authentication required';
    const answer: Script['answer'] = ({ command }) =>
      command.startsWith('MAIL') ? refusal : command.startsWith('RCPT') ? '503 5.5.1 need MAIL' : undefined;
    return withServer({ answer }, async (server) => {
      const found = await outcomes(open(settings(server.port)), [message('a'), message('b')]);
      const refused = { kind: 'not-sent', blameless: true, reason: `The sender was refused: ${refusal}` };
      expect(found).toEqual([refused, refused]);
    });
  });

  it('never rejects: nobody listening is not-sent, to everybody who waits', async () => {
    const { port } = await freePort();
    const found = await outcomes(open(settings(port)), [message('a'), message('b')]);
    expect(kinds(found)).toEqual(['not-sent', 'not-sent']);
    expect(JSON.stringify(found)).toContain('ECONNREFUSED');
  });

  it('refuses what is no plain ASCII address before it connects', () =>
    withServer({}, async (server) => {
      const wrong = ['zoë@example.test', 'a@exämple.test', 'a@example.test>\r\nRCPT TO:<b', 'a b@example.test', ''];
      const found = await outcomes(
        open(settings(server.port)),
        wrong.map((address) => ({ ...message('a'), to: address })),
      );
      expect(found).toEqual(
        wrong.map(() => expect.objectContaining({ kind: 'permanent', code: 553, enhanced: '5.6.7' }) as Outcome),
      );
      expect(server.connections).toBe(0);
    }));

  it('sends with the null return path', () =>
    withServer({}, async (server) => {
      expect(kinds(await outcomes(open(settings(server.port)), [{ ...message('a'), from: '' }]))).toEqual(['accepted']);
      expect(server.commands.some((command) => command.startsWith('MAIL FROM:<>'))).toBe(true);
    }));

  it('lets what is on the wire finish when it is closed, and takes nothing more', () =>
    withServer({}, async (server) => {
      const transport = open(settings(server.port));
      const first = transport.send(message('a'));
      while (server.commands.length < 2) await new Promise(setImmediate);
      const second = transport.send(message('b'));
      await transport.close();
      expect(kinds([await first])).toEqual(['accepted']);
      expect(['accepted', 'not-sent']).toContain((await second).kind);
      expect(kinds([await transport.send(message('c'))])).toEqual(['not-sent']);
    }));

  it('starts a new connection after so many messages', () =>
    withServer({}, async (server) => {
      const limited = settings(server.port, { messagesPerConnection: 2 });
      await outcomes(
        open(limited),
        ['a', 'b', 'c', 'd', 'e'].map((name) => message(name)),
      );
      expect(server.messages).toHaveLength(5);
      expect(server.connections).toBe(3);
    }));

  it('closes a connection that has had nothing to do', () =>
    withServer({}, async (server) => {
      const base = settings(server.port);
      const transport = open({ ...base, timeouts: { ...base.timeouts, idle: 50 } });
      await transport.send(message('a'));
      while (!server.commands.includes('QUIT')) await new Promise(setImmediate);
      expect(kinds([await transport.send(message('b'))])).toEqual(['accepted']);
      expect(server.connections).toBe(2);
      await transport.close();
    }));
});

describe('pipelining', () => {
  it('writes the next envelope behind the body, so that a message costs one round trip', () =>
    withServer({}, async (server) => {
      await outcomes(new SmtpPipelineTransport(settings(server.port)), [message('a'), message('b'), message('c')]);
      const joined = server.chunks.filter((chunk) =>
        /\r\n\.\r\nMAIL FROM:<[^>]*> SIZE=\d+\r\nRCPT TO:<[^>]*>\r\nDATA\r\n$/.test(chunk),
      );
      expect(joined).toHaveLength(2);
    }));

  it('gives a message back when 421 ends the connection behind its envelope, and sends it by another', () => {
    let dots = 0;
    const answer: Script['answer'] = ({ command, socket }) => {
      if (command !== '.' || ++dots !== 1) return undefined;
      socket.end('421 4.3.2 closing\r\n');
      return 'silence';
    };
    return withServer({ answer }, async (server) => {
      const found = await outcomes(new SmtpPipelineTransport(settings(server.port)), [message('a'), message('b')]);
      expect(kinds(found)).toEqual(['throttled', 'accepted']);
      expect(server.connections).toBe(2);
    });
  });

  it('takes 421 at an envelope as the answer to that envelope', () => {
    const answer: Script['answer'] = ({ command, connection }) =>
      command === to('a') && connection === 1 ? '421 4.7.0 slow down' : undefined;
    return withServer({ answer }, async (server) => {
      const found = await outcomes(new SmtpPipelineTransport(settings(server.port)), [message('a'), message('b')]);
      expect(kinds(found)).toEqual(['throttled', 'accepted']);
    });
  });

  it.each([
    ['nonsense', 'not SMTP at all'],
    ['354 to a final dot', '354 more?'],
  ])('trusts nothing after %s', (_title, nonsense) => {
    let dots = 0;
    const answer: Script['answer'] = ({ command }) => (command === '.' && ++dots === 1 ? nonsense : undefined);
    return withServer({ answer }, async (server) => {
      const found = await outcomes(new SmtpPipelineTransport(settings(server.port)), [message('a'), message('b')]);
      expect(found[0]?.kind).toBe('undecided');
      expect(found[1]?.kind).toBe('accepted');
    });
  });

  it('agrees with the server about every message, whatever it answers and however its replies are cut', async () => {
    const replies = fc.record({
      rcpt: fc.constantFrom('250 ok', '250-ok\r\n250 really', '550 5.1.1 no', '451 4.3.0 later'),
      data: fc.constantFrom('354 go', '354-yes\r\n354 go', '451 4.3.0 later'),
      dot: fc.constantFrom('250 ok', '250-2.0.0 ok\r\n250 2.0.0 queued', '554 5.7.1 no', '452 4.2.2 full', 'close'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(replies, { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 3 }),
        async (plan, pieces, connections) => {
          const current = new Map<number, number>();
          const taken: number[] = [];
          const refused = new Set<number>();
          const answer: Script['answer'] = ({ command, connection }) => {
            const rcpt = /^RCPT TO:<(\d+)@/.exec(command);
            if (rcpt) current.set(connection, Number(rcpt[1]));
            const index = current.get(connection) ?? -1;
            const wanted = plan[index];
            if (!wanted) return undefined;
            if (rcpt) {
              if (/^[45]/.test(wanted.rcpt)) refused.add(index);
              else refused.delete(index);
              return wanted.rcpt;
            }
            if (command === 'DATA') return wanted.data;
            if (command !== '.') return undefined;
            if (refused.has(index)) return '554 5.5.1 no valid recipients';
            if (wanted.dot === 'close' || wanted.dot.startsWith('250')) taken.push(index);
            return wanted.dot;
          };
          await withServer({ answer, pieces }, async (server) => {
            const transport = new SmtpPipelineTransport(settings(server.port, { connections }));
            const found = await outcomes(
              transport,
              plan.map((_one, i) => message(String(i))),
            );
            const sure = found.flatMap(({ kind }, i) => (kind === 'accepted' ? [i] : []));
            const doubtful = found.flatMap(({ kind }, i) => (kind === 'undecided' ? [i] : []));
            expect(new Set(taken).size).toBe(taken.length);
            expect([...sure, ...doubtful].sort()).toEqual(expect.arrayContaining([...taken].sort()));
            expect(taken).toEqual(expect.arrayContaining(sure));
            found.forEach(({ kind }, i) => {
              const { rcpt, data, dot } = plan[i]!;
              const first = [rcpt, data, dot].find((reply) => !/^[23]/.test(reply));
              if (kind === 'undecided' || kind === 'not-sent')
                expect(plan.some((one) => one.dot === 'close')).toBe(true);
              else expect(kind).toBe(!first ? 'accepted' : first.startsWith('5') ? 'permanent' : 'transient');
            });
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the choice of a transport', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'transport-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['pipelines where the server offers it', ['PIPELINING'], '', true],
    ['waits for each reply where it does not', ['SIZE 1000'], '', false],
    ['waits for each reply where told to', ['PIPELINING'], '&pipelining=off', false],
  ])('%s', (_title, extensions, option, pipelined) =>
    withServer({ extensions }, async (server) => {
      const transport = createTransport(`smtp://127.0.0.1:${server.port}?connections=1${option}`);
      expect(kinds(await outcomes(transport, [message('a'), message('b')]))).toEqual(['accepted', 'accepted']);
      expect(server.chunks.some((chunk) => chunk.includes('\r\n.\r\nMAIL'))).toBe(pipelined);
    }),
  );

  it('signs what it sends where SMTP_URL names a DKIM key', () =>
    withServer({}, async (server) => {
      const key = encodeURIComponent(join(folder, 'dkim.pem'));
      const { privateKey } = generateKeyPairSync('ed25519');
      await writeFile(join(folder, 'dkim.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const dkim = `dkimDomain=example.test&dkimSelector=s1&dkimKey=${key}`;
      const transport = createTransport(`smtp://127.0.0.1:${server.port}?${dkim}`);
      const leaving = jest.fn();
      expect(transport.tellsLeaving).toBe(true);
      expect(kinds(await outcomes(transport, [{ ...message('a'), leaving }]))).toEqual(['accepted']);
      expect(leaving).toHaveBeenCalledTimes(1);
      expect(server.messages).toEqual([expect.stringMatching(/^DKIM-Signature: v=1; a=ed25519-sha256;/)]);
      expect(server.messages[0]).toContain(BODY);
    }));

  it('asks again after the server could not be reached', async () => {
    const { port } = await freePort();
    const transport = new SmtpTransport(settings(port));
    expect(kinds([await transport.send(message('a'))])).toEqual(['not-sent']);
    const late = createServer((socket) => socket.end('421 4.3.2 busy\r\n')).listen(port, '127.0.0.1');
    expect(kinds([await transport.send(message('a'))])).toEqual(['throttled']);
    late.close();
    await transport.close();
  });
});

/** A port on which nobody listens. */
async function freePort(): Promise<{ port: number }> {
  await using server = await scriptedServer();
  return { port: server.port };
}
