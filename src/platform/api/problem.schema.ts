import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

/** The problem document, for the API description. */
export const problemSchema = z
  .object({
    type: z.string().describe('Stable kind of problem'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    instance: z.string().optional().describe('Only for faults of ours: the id under which it is logged'),
    errors: z
      .array(z.object({ in: z.enum(['body', 'query', 'path']), field: z.string(), message: z.string() }))
      .optional(),
  })
  .meta({
    id: 'Problem',
    description: 'Problem document, RFC 9457',
    examples: [
      {
        type: '/problems/invalid-input',
        title: 'Invalid input',
        status: 400,
        detail: 'Not as expected: expiresOn.',
        errors: [{ in: 'body', field: 'expiresOn', message: 'Invalid ISO date' }],
      },
    ],
  });

const MEANINGS: Readonly<Record<number | 'default', string>> = {
  400: 'The request is not as expected; `errors` names each field',
  401: 'No valid sign-in or API key',
  403: 'The caller may not do this',
  404: 'No such thing, or none that the caller may see',
  409: 'The state of the thing does not allow this now',
  412: 'The thing changed since it was read',
  413: 'The body is too large',
  415: 'The body has a content type that is not read here',
  428: 'If-Match is missing',
  429: 'Too many requests; Retry-After says how long to wait',
  503: 'A part of the service does not answer; Retry-After says when to try again',
  default: 'Whatever else is refused: another method, too long a header, a body where none is read',
};

/** Describes the problem documents that a route answers with; 401, 403, 429, 503 and the rest come with every route. */
export const ApiProblems = (...statuses: readonly number[]): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ...[...new Set([...statuses, 401, 403, 429, 503]), 'default' as const].map((status) =>
      ApiResponse({
        status,
        description: MEANINGS[status] ?? 'Refused',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      }),
    ),
  );
