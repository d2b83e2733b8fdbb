import { type Request } from 'express';

const CALLER = Symbol('caller');

/** Notes on the request who makes it (a principal's id), for rate limits and idempotency keys. */
export function setCaller(request: Request, id: string): void {
  (request as Request & { [CALLER]?: string })[CALLER] = id;
}

/** Who makes the request: a principal's id, or the network address of somebody unknown. */
export function callerOf(request: Request): string {
  return (request as Request & { [CALLER]?: string })[CALLER] ?? `ip:${request.ip ?? 'unknown'}`;
}
