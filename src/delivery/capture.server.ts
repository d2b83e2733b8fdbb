import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { CaptureInbox } from './capture.inbox.js';

/** A server that takes any message from this machine, keeps it in the inbox, and can send nothing anywhere. */
export interface CaptureServer {
  readonly port: number;
  /** For `createTransport` and for any other client on this machine. */
  readonly url: string;
  close(): Promise<void>;
}

/** Of one message; smtp-server counts but does not stop, so it is checked at the end. */
const LARGEST_MESSAGE = 50 * 1024 * 1024;
const CLOSE_PATIENCE = 1_000;

/** Listens on 127.0.0.1 only. `port` 0 takes a free one. */
export async function startCaptureServer(inbox: CaptureInbox, port = 0): Promise<CaptureServer> {
  const server = new SMTPServer({
    name: 'capture.localhost',
    banner: 'captures everything, relays nothing',
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: LARGEST_MESSAGE,
    closeTimeout: CLOSE_PATIENCE,
    logger: false,
    onData(stream, session, done) {
      capture(inbox, stream, session).then(
        (id) => {
          done(null, `2.0.0 Captured as ${id}`);
        },
        (error: unknown) => {
          done(error as Error);
        },
      );
    },
  });
  // A client that breaks off in mid-sentence is its own business.
  server.on('error', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  const bound = (server.server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `smtp://127.0.0.1:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}

async function capture(inbox: CaptureInbox, stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
  const raw = await contentOf(stream);
  if (stream.sizeExceeded) throw refusal(552, '5.3.4 The message is too large');
  const { mailFrom, rcptTo } = session.envelope;
  try {
    const to = rcptTo.map(({ address }) => address);
    return await inbox.add(mailFrom === false ? '' : mailFrom.address, to, raw);
  } catch (cause) {
    throw refusal(452, '4.3.1 The inbox cannot be written', cause);
  }
}

/** By events: `for await` and node:stream/consumers cost more than all the rest of the server. */
function contentOf(stream: SMTPServerDataStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => {
        resolve(Buffer.concat(chunks));
      })
      .once('error', reject);
  });
}

function refusal(responseCode: number, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { responseCode });
}
