import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Which command it is, and where. */
export interface ScriptedTurn {
  /** The whole line; `.` for the end of a message. */
  readonly command: string;
  /** Counted from 1. */
  readonly connection: number;
  readonly socket: Socket;
}

export interface Script {
  readonly greeting?: string;
  /** Lines of the EHLO reply behind the first. */
  readonly extensions?: readonly string[];
  /** A reply without its CRLF, `close` to hang up, `silence`, or undefined for the friendly answer. */
  readonly answer?: (turn: ScriptedTurn) => string | undefined;
  /** How the replies are cut into pieces on the wire: sizes, used in turn. */
  readonly pieces?: readonly number[];
}

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** Everything that clients said outside messages, and `.` for each end of one. */
  readonly commands: string[];
  /** What came between DATA and the final dot, without its dot-stuffing. */
  readonly messages: string[];
  /** The bytes as they arrived, one entry for each read. */
  readonly chunks: string[];
  connections: number;
}

/** An SMTP server that is friendly except where the script says otherwise: for what no real server does on demand. */
export async function scriptedServer(script: Script = {}): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    converse(socket, script, scripted);
  });
  const scripted: ScriptedServer = {
    ...{ port: 0, commands: [], messages: [], chunks: [], connections: 0 },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(scripted, { port: (server.address() as AddressInfo).port });
}

function converse(socket: Socket, script: Script, server: ScriptedServer): void {
  const connection = ++server.connections;
  const say = speaker(socket, script.pieces);
  let received = '';
  let inMessage = false;
  say(script.greeting ?? '220 scripted.test ready');
  socket.on('data', (chunk) => {
    server.chunks.push(chunk.toString('latin1'));
    received += chunk.toString('latin1');
    for (;;) {
      const end = inMessage ? `\r\n${received}`.indexOf('\r\n.\r\n') : received.indexOf('\r\n');
      if (end < 0 || socket.destroyed) return;
      const command = inMessage ? '.' : received.slice(0, end);
      if (inMessage) server.messages.push(received.slice(0, end).replace(/^\./gm, ''));
      received = received.slice(inMessage ? end + 3 : end + 2);
      server.commands.push(command);
      const answer = script.answer?.({ command, connection, socket }) ?? friendly(command, script);
      inMessage = answer.startsWith('354');
      if (answer === 'close') socket.destroy();
      else if (answer !== 'silence') say(answer);
      if (command === 'QUIT') socket.end();
    }
  });
}

function friendly(command: string, { extensions = ['PIPELINING', 'SIZE 50000000'] }: Script): string {
  if (command.startsWith('EHLO')) {
    const lines = ['scripted.test', ...extensions];
    return lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
  }
  if (command === 'DATA') return '354 go ahead';
  if (/^(?:STARTTLS|AUTH)/.test(command)) return '502 5.5.1 not implemented';
  if (command === 'QUIT') return '221 2.0.0 bye';
  return '250 2.0.0 ok';
}

/** Cut replies arrive in pieces, but in order. */
function speaker(socket: Socket, pieces: readonly number[] | undefined): (reply: string) => void {
  socket.setNoDelay(true);
  if (!pieces) return (reply) => socket.write(`${reply}\r\n`);
  let waiting = '';
  let turn = 0;
  const next = (): void => {
    if (waiting === '' || socket.destroyed) return;
    const size = Math.max(1, pieces[turn++ % pieces.length] ?? 1);
    const piece = waiting.slice(0, size);
    waiting = waiting.slice(size);
    socket.write(piece, () => setImmediate(next));
  };
  return (reply) => {
    const idle = waiting === '';
    waiting += `${reply}\r\n`;
    if (idle) setImmediate(next);
  };
}
