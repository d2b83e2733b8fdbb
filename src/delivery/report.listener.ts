import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';

const CLOSE_PATIENCE = 5_000;
const MOST_CLIENTS = 50;
const IDLE_PATIENCE = 60_000;

/** What becomes of a message at {@link startReportListener}. */
export interface ReportDesk {
  /** Whether the address is one at which reports are taken; any other recipient is refused with 550. */
  accepts(recipient: string): boolean;
  /**
   * Must have stored the message when it resolves; when it fails, the sender is told to try again later. The message
   * begins with the `Return-Path` of its envelope, as whoever delivers finally must write it (RFC 5321 section 4.4).
   */
  take(raw: Buffer, recipient: string): Promise<void>;
}

/** A running listener. */
export interface ReportListener {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens for mail that comes back and sends none. It stands behind the organisation's own relay, which encrypts and
 * filters, so it offers neither STARTTLS nor AUTH. `port` 0 takes a free one.
 */
export async function startReportListener(
  desk: ReportDesk,
  { host, port, maxBytes }: { readonly host: string; readonly port: number; readonly maxBytes: number },
): Promise<ReportListener> {
  const server = new SMTPServer({
    banner: 'takes delivery reports',
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: maxBytes,
    maxClients: MOST_CLIENTS,
    socketTimeout: IDLE_PATIENCE,
    closeTimeout: CLOSE_PATIENCE,
    logger: false,
    onRcptTo({ address }, { envelope }, done) {
      if (!desk.accepts(address)) done(refusal(550, '5.1.1 No such return path'));
      // Each return path is of one message, so a report comes to one; a second can come on its own.
      else if (envelope.rcptTo.length > 0) done(refusal(452, '4.5.3 One recipient at a time'));
      else done();
    },
    onData(stream, { envelope }, done) {
      const recipient = envelope.rcptTo[0]?.address ?? '';
      const sender = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
      const returnPath = Buffer.from(`Return-Path: <${sender.replace(/[\r\n<>]/g, '')}>\r\n`);
      bounded(stream, maxBytes)
        .then(async (raw) => {
          if (raw === undefined) throw refusal(552, '5.3.4 The message is too large');
          await desk.take(Buffer.concat([returnPath, raw]), recipient).catch((cause: unknown) => {
            throw refusal(451, '4.3.0 Try again later', cause);
          });
        })
        .then(
          () => {
            done(null, '2.0.0 Taken');
          },
          (error: unknown) => {
            done(error as Error);
          },
        );
    },
  });
  // A client that breaks off in mid-sentence is its own business; that a port cannot be had is heard of below.
  server.on('error', () => undefined);
  server.listen(port, host);
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}

/** Undefined when there is more of it than allowed; what is too much is read and thrown away. */
function bounded(stream: SMTPServerDataStream, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream
      .on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= maxBytes) chunks.push(chunk);
        else chunks.length = 0;
      })
      .once('end', () => {
        resolve(bytes <= maxBytes ? Buffer.concat(chunks) : undefined);
      })
      .once('error', reject);
  });
}

function refusal(responseCode: number, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { responseCode });
}
