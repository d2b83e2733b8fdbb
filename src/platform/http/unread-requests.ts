import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { type Duplex } from 'node:stream';
import { problemOf } from './problem.rules.js';

/** What Node's reader says of a request that it gives up on; anything else is not HTTP. */
const STATUSES: Readonly<Record<string, readonly [status: number, phrase: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** Answers with a problem document also where a request cannot be read at all, and so reaches no handler. */
export function answerUnreadRequests(server: Server): void {
  // Node would refuse a request without a host, and say nothing; `singleHost` does it instead.
  Object.assign(server, { requireHostHeader: false });
  const latest = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    latest.set(socket, response);
  });
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket: Socket) => {
    const answer = latest.get(socket);
    // Gone, or in the middle of an answer: nothing can be said any more.
    if (code === 'ECONNRESET' || !socket.writable || (answer?.headersSent && !answer.writableFinished)) {
      socket.destroy();
      return;
    }
    socket.end(wholeAnswer(...(STATUSES[code] ?? [400, 'Bad Request'])));
  });
  // Node would hang up.
  server.on('connect', (_: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    socket.end(wholeAnswer(405, 'Method Not Allowed', { Allow: 'DELETE, GET, HEAD, POST, PUT' }));
  });
  // An "Expect" other than 100-continue, which Node would refuse without a word.
  server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) => {
    const text = problemText(417);
    response.writeHead(417, { ...HEAD, 'Content-Length': Buffer.byteLength(text) }).end(text);
  });
}

const HEAD = {
  'Content-Type': 'application/problem+json; charset=utf-8',
  Connection: 'close',
  'Cache-Control': 'no-store',
};

function wholeAnswer(status: number, phrase: string, more: Readonly<Record<string, string>> = {}): string {
  const text = problemText(status);
  const head = Object.entries({ ...HEAD, ...more, 'Content-Length': Buffer.byteLength(text) });
  return [`HTTP/1.1 ${status} ${phrase}`, ...head.map((field) => field.join(': ')), '', text].join('\r\n');
}

const problemText = (status: number): string => JSON.stringify(problemOf({ status })?.problem);
