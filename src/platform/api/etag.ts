import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { HttpProblem } from '../http/index.js';

const IF_MATCH_HEADER = ApiHeader({
  name: 'If-Match',
  required: true,
  description: 'The ETag of what you read, so that nothing newer is overwritten',
  schema: { type: 'string', examples: ['"3"'] },
}) as MethodDecorator;

/** Gives the answer the strong ETag of a row's version (RFC 9110, 8.8.3). */
export function setEtag(response: Response, version: number): void {
  response.setHeader('ETag', `"${version}"`);
}

/**
 * The version that the caller read, from If-Match (RFC 9110, 13.1.1). Missing: 428; not one strong ETag of ours: 412.
 * The service compares it when it writes and throws ConflictError with the code STALE_VERSION.
 */
export function versionOf(ifMatch: string | undefined): number {
  if (ifMatch === undefined || ifMatch.trim() === '') {
    throw new HttpProblem(
      428,
      'if-match-missing',
      'Send If-Match with the ETag of what you read, so that nothing newer is overwritten.',
    );
  }
  const version = /^"([0-9]{1,9})"$/.exec(ifMatch.trim())?.[1];
  if (version === undefined) {
    throw new HttpProblem(412, 'stale-version', 'If-Match is no ETag that was given out here. Read it again first.');
  }
  return Number(version);
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
