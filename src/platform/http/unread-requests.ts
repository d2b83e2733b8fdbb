import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { problemOf } from './problem.rules.js';

/** What Node's reader says of a request that it gives up on; anything else is not HTTP. */
const STATUSES: Readonly<Record<string, readonly [status: number, phrase: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** Answers with a problem document also where a request cannot be read at all, and so reaches no handler. */
export function answerUnreadRequests(server: Server): void {
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket: Socket) => {
    // Gone, or in the middle of an answer: nothing can be said any more.
    if (code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
      socket.destroy();
      return;
    }
    const [status, phrase] = STATUSES[code] ?? [400, 'Bad Request'];
    const text = problemText(status);
    const head = Object.entries(HEAD).map((field) => field.join(': '));
    const length = `Content-Length: ${Buffer.byteLength(text)}`;
    socket.end([`HTTP/1.1 ${status} ${phrase}`, ...head, length, '', text].join('\r\n'));
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

const problemText = (status: number): string => JSON.stringify(problemOf({ status })?.problem);
