import { type RequestHandler } from 'express';
import { HttpProblem } from './http-problem.js';

/** Refuses a request that names several hosts (RFC 9112, 3.2): Node would take the first, and a proxy perhaps the last. */
export const singleHost: RequestHandler = ({ rawHeaders }, _response, next) => {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  next(
    hosts.length > 1 ? new HttpProblem(400, 'malformed-request', 'The request names more than one host.') : undefined,
  );
};
