import { json, type RequestHandler, urlencoded } from 'express';
import { HttpProblem } from './http-problem.js';

/** The whole status feed of 6,200 practices in one request is about 1 MB of JSON. */
const JSON_LIMIT = '4mb';
const FORM_LIMIT = '256kb';

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

/** Stands in for a body that is a file: a route that takes none has not read it, and refuses its type. */
export class UnreadBody {
  readonly isUnread = true;
}

/**
 * Reads JSON under /api/ and forms everywhere else. The API refuses forms: a form on another site can send one with
 * the browser's cookie.
 */
export function bodyParsers(): RequestHandler[] {
  return [
    (request, _response, next) => {
      const readable = [JSON_TYPE, ...FILES, ...(request.path.startsWith('/api/') ? [] : [FORM_TYPE])];
      const empty = request.get('Content-Length') === '0';
      // false: a body of another type; null: no body at all.
      if (empty || request.is(readable) !== false) next();
      else
        next(new HttpProblem(415, 'unsupported-media-type', 'Send application/json, or a file where one is expected.'));
    },
    json({ type: JSON_TYPE, limit: JSON_LIMIT, strict: false }),
    urlencoded({ type: FORM_TYPE, extended: false, limit: FORM_LIMIT, parameterLimit: 2_000 }),
    (request, _response, next) => {
      if (request.is(FILES)) request.body = new UnreadBody();
      if (isDeeperThan(DEEPEST, request.body)) {
        next(new HttpProblem(400, 'malformed-request', `The body is nested more than ${DEEPEST} levels deep.`));
      } else next();
    },
  ];
}

function isDeeperThan(levels: number, value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((item): unknown[] => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}
