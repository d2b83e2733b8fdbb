import { PayloadTooLargeException } from '@nestjs/common';
import { json, type Request, type RequestHandler, urlencoded } from 'express';
import { HttpProblem } from './http-problem.js';

/** The whole status feed of 6,200 practices in one request is about 1 MB of JSON. */
const JSON_LIMIT = 4 * 1_048_576;
const FORM_LIMIT = 256 * 1_024;

/** Files come as they are, or in a multipart form; the routes that take them read and bound them. */
const FILES = [
  'multipart/form-data',
  'text/csv',
  'text/plain',
  'application/octet-stream',
  'message/rfc822',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
];
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Nothing that is asked for here goes a tenth as deep, and whoever walks a body to its depth needs a stack for it. */
const DEEPEST = 100;

/**
 * A full request of the status feed holds 180,000. 4 MB can hold millions, and nobody need sign in to send them: reading
 * and walking them would keep the process from everybody else for seconds.
 */
const MOST_VALUES = 250_000;

/** Stands in for a body that is a file: a route that takes none has not read it, and refuses its type. */
export class UnreadBody {
  readonly isUnread = true;
}

const isOfApi = (request: Request): boolean => request.path.startsWith('/api/');

/**
 * Reads JSON under /api/ and forms everywhere else. The API refuses forms: a form on another site can send one with
 * the browser's cookie. JSON elsewhere is left to the queue board, which reads its own.
 */
export function bodyParsers(): RequestHandler[] {
  return [
    (request, _response, next) => {
      const readable = [JSON_TYPE, ...FILES, ...(isOfApi(request) ? [] : [FORM_TYPE])];
      const refuse = (): void => {
        next(new HttpProblem(415, 'unsupported-media-type', 'Send application/json, or a file where one is expected.'));
      };
      // false: a body of another type; null: no body at all.
      if (request.get('Content-Length') === '0' || request.is(readable) !== false) next();
      else if (request.get('Content-Type') === undefined) ifEmpty(request, next, refuse);
      else refuse();
    },
    (request, _response, next) => {
      // The readers refuse it too, but only once all of it has come.
      const limit =
        request.is(JSON_TYPE) && isOfApi(request) ? JSON_LIMIT : request.is(FORM_TYPE) ? FORM_LIMIT : Infinity;
      if (Number(request.get('Content-Length')) > limit) next(new PayloadTooLargeException());
      else next();
    },
    boundedJson(),
    urlencoded({ type: FORM_TYPE, extended: false, limit: FORM_LIMIT, parameterLimit: 2_000 }),
    (request, _response, next) => {
      if (request.is(FILES)) request.body = new UnreadBody();
      if (isDeeperThan(DEEPEST, request.body)) {
        next(new HttpProblem(400, 'malformed-request', `The body is nested more than ${DEEPEST} levels deep.`));
      } else next();
    },
  ];
}

/** A gateway that turns HTTP/2 into HTTP/1.1 says only at its end that a body holds nothing (RFC 9112 section 7.1). */
function ifEmpty(request: Request, yes: () => void, no: () => void): void {
  request.once('readable', () => {
    if (request.read() === null) yes();
    else no();
  });
}

function boundedJson(): RequestHandler {
  const read = json({
    type: JSON_TYPE,
    limit: JSON_LIMIT,
    strict: false,
    verify: (_request, _response, bytes) => {
      if (mayHoldMoreThan(MOST_VALUES, bytes)) throw new TooManyValues();
    },
  });
  // By this name Nest knows that it need not put in a reader of its own.
  return function jsonParser(request, response, next) {
    if (!isOfApi(request)) {
      next();
      return;
    }
    read(request, response, (error?: unknown) => {
      if (!(error instanceof TooManyValues)) next(error);
      else next(new HttpProblem(413, 'body-too-large', `The body holds more than ${MOST_VALUES} values.`));
    });
  };
}

class TooManyValues extends Error {}

/** By what stands before each value, in whatever charset; what looks like it inside of text counts too. */
function mayHoldMoreThan(most: number, bytes: Buffer): boolean {
  let values = 0;
  for (const byte of bytes) if (byte === COMMA || byte === BRACKET || byte === BRACE) values += 1;
  return values > most;
}

const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

function isDeeperThan(levels: number, value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    const below: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      for (const inner of Object.values(item)) if (typeof inner === 'object') below.push(inner);
    }
    level = below;
  }
  return false;
}
