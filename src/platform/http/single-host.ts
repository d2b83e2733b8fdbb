import { type RequestHandler } from 'express';
import { HttpProblem } from './http-problem.js';

/** A name or an address, and perhaps a port (RFC 3986, 3.2.2). */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::\d*)?$/;

/**
 * Refuses a request that does not name one host (RFC 9112, 3.2). Of several Node would take the first, and a proxy perhaps
 * the last. HTTP/1.0 need not name any.
 */
export const singleHost: RequestHandler = ({ rawHeaders, httpVersion }, _response, next) => {
  const hosts = rawHeaders.filter((_, i) => rawHeaders[i - 1]?.toLowerCase() === 'host' && i % 2 === 1);
  const [host] = hosts;
  if (hosts.length > 1) next(malformed('The request names more than one host.'));
  else if (host === undefined && httpVersion !== '1.0') next(malformed('The request names no host.'));
  else if (host !== undefined && !HOST.test(host)) next(malformed('What the request names as its host is none.'));
  else next();
};

const malformed = (detail: string): HttpProblem => new HttpProblem(400, 'malformed-request', detail);
