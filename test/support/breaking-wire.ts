import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type DatabaseServer } from '../../src/platform/database/index.js';

/** `unsent`: the statement never reaches the server. `unanswered`: the server has carried it out, and nobody hears of it. */
export type Break = 'unsent' | 'unanswered';

const READY_FOR_QUERY = 'Z'.charCodeAt(0);
/** Asks for the rows of a COPY: no answer, and without it nothing could be carried out. It comes alone. */
const COPY_IN = 'G'.charCodeAt(0);
const HEADER = 5;

/**
 * The way to a PostgreSQL server that breaks at a chosen statement, as a failover or a network does: its connection is
 * cut, and the other ones stay.
 */
export class BreakingWire implements AsyncDisposable {
  private readonly sockets = new Set<Socket>();
  private seen = 0;
  private plan: { readonly at: number; readonly how: Break } | undefined;

  private constructor(
    readonly server: DatabaseServer,
    private readonly listener: ReturnType<typeof createServer>,
  ) {}

  static async to({ connectionString, ...rest }: DatabaseServer): Promise<BreakingWire> {
    const url = new URL(connectionString);
    const [host, port] = [url.hostname, Number(url.port || 5432)];
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    url.hostname = '127.0.0.1';
    url.port = String((listener.address() as AddressInfo).port);
    const wire = new BreakingWire({ ...rest, connectionString: url.toString() }, listener);
    listener.on('connection', (near) => {
      wire.join(near, connect(port, host));
    });
    return wire;
  }

  /** Statements since the start, or since `breakAt`; BEGIN and COMMIT are some. */
  get statements(): number {
    return this.seen;
  }

  /** True from the break on. */
  get isBroken(): boolean {
    return this.plan !== undefined && this.seen >= this.plan.at;
  }

  /** Counts anew, and breaks once, at the nth statement from now on. */
  breakAt(at: number, how: Break): void {
    this.seen = 0;
    this.plan = { at, how };
  }

  private join(near: Socket, far: Socket): void {
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy()).on('close', () => (this.sockets.delete(socket), other.destroy()));
    }
    let isIdle = false;
    let doomed: Break | undefined;
    near.on('data', (chunk: Buffer) => {
      if (isIdle) {
        isIdle = false;
        this.seen += 1;
        if (this.seen === this.plan?.at) doomed = this.plan.how;
      }
      if (doomed === 'unsent') near.destroy();
      else far.write(chunk);
    });
    const readies = messagesOf((type) => {
      if (type !== READY_FOR_QUERY) return;
      isIdle = true;
      if (doomed) near.destroy();
    });
    far.on('data', (chunk: Buffer) => {
      if (!doomed || chunk[0] === COPY_IN) near.write(chunk);
      readies(chunk);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.listener, 'close');
  }
}

/** Tells the type of each message of the server as it ends (PostgreSQL, "Frontend/Backend Protocol", Message Formats). */
function messagesOf(ended: (type: number) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let toSkip = 0;
  let type = 0;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (toSkip > 0) {
        const skipped = Math.min(toSkip, rest.length);
        rest = rest.subarray(skipped);
        toSkip -= skipped;
        if (toSkip > 0) return;
        ended(type);
      }
      if (rest.length < HEADER) return;
      type = rest[0]!;
      // The length counts itself and not the type.
      toSkip = rest.readUInt32BE(1) + 1;
    }
  };
}
