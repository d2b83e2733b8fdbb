import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { HttpProblem } from '../http/index.js';

const IF_MATCH_HEADER = ApiHeader({
  name: 'If-Match',
  required: true,
  description: 'The ETag of what you read, so that nothing newer is overwritten',
  schema: { type: 'string', minLength: 1, examples: ['"3"'] },
}) as MethodDecorator;

const NO_VERSION = -1;

/** Gives the answer the strong ETag of a row's version (RFC 9110, 8.8.3). */
export function setEtag(response: Response, version: number): void {
  response.setHeader('ETag', `"${version}"`);
}

/**
 * The version that the caller read, from If-Match (RFC 9110, 13.1.1); no ETag of ours is that of no version. The service
 * compares it when it writes and throws ConflictError with the code STALE_VERSION, which becomes 412: other faults of the
 * request come before the precondition (13.2.1). @throws HttpProblem 428 when it is missing (RFC 6585, 3).
 */
export function versionOf(ifMatch: string | undefined): number {
  if (ifMatch === undefined || ifMatch.trim() === '') {
    throw new HttpProblem(
      428,
      'if-match-missing',
      'Send If-Match with the ETag of what you read, so that nothing newer is overwritten.',
    );
  }
  const version = /^"([1-9][0-9]{0,8})"$/.exec(ifMatch.trim())?.[1];
  return version === undefined ? NO_VERSION : Number(version);
}

/** Handler parameter: the version that If-Match demands. */
export const IfMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext): number =>
    versionOf(context.switchToHttp().getRequest<Request>().headers['if-match']),
  [
    (controller, method): void => {
      if (method === undefined) return;
      const descriptor = Object.getOwnPropertyDescriptor(controller, method);
      if (descriptor) IF_MATCH_HEADER(controller, method, descriptor);
    },
  ],
);
