import { HttpException } from '@nestjs/common';
import {
  AppError,
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  NotFoundError,
  UnavailableError,
} from '../../shared/errors.js';
import { isDatabaseTrouble } from '../database/index.js';
import { HttpProblem, type Problem } from './http-problem.js';

/** ConflictErrors with this code say that an editable thing changed since the caller read it: 412, not 409. */
export const STALE_VERSION = 'stale-version';

const RETRY_SOON = { 'Retry-After': '5' };

export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Codes of the answers that the framework gives by itself. */
const FRAMEWORK_CODES: Readonly<Record<number, { code: string; detail: string }>> = {
  400: { code: 'malformed-request', detail: 'The request cannot be read.' },
  401: { code: 'not-signed-in', detail: 'Sign in, or send an API key as a bearer token.' },
  403: { code: 'forbidden', detail: 'You may not do this.' },
  404: { code: 'not-found', detail: 'There is nothing at this address.' },
  405: { code: 'method-not-allowed', detail: 'This address does not answer this method.' },
  408: { code: 'request-timeout', detail: 'The request took too long to arrive.' },
  413: { code: 'body-too-large', detail: 'The body is larger than this address accepts.' },
  415: {
    code: 'unsupported-media-type',
    detail: 'The body has a content type, charset or encoding that is not read here.',
  },
  417: { code: 'expectation-failed', detail: 'Of the field Expect only 100-continue is met here.' },
  431: { code: 'header-too-large', detail: 'The address or the header fields are larger than is read here.' },
  429: { code: 'too-many-requests', detail: 'Too many requests.' },
};

/**
 * The problem document of any error. `undefined` when it is a fault of ours: those are logged with an id, and
 * nothing about them is shown.
 */
export function problemOf(error: unknown): ProblemAnswer | undefined {
  if (error instanceof HttpProblem) {
    const { errors, headers } = error.extra;
    return answer(error.getStatus(), error.code, error.message, { ...(errors && { errors }) }, headers);
  }
  if (error instanceof AppError) return ofAppError(error);
  const status = statusOf(error);
  if (status !== undefined && status >= 400 && status < 500) {
    const { code, detail } = FRAMEWORK_CODES[status] ?? {
      code: `status-${status}`,
      detail: 'The request was refused.',
    };
    return answer(status, code, detail);
  }
  if (isDatabaseTrouble(error) || status === 503) {
    return answer(503, 'unavailable', 'The service cannot do this at the moment. Try again later.', {}, RETRY_SOON);
  }
  return undefined;
}

export function faultProblem(id: string): Problem {
  return {
    type: '/problems/internal-fault',
    title: 'Internal fault',
    status: 500,
    detail: 'Something went wrong on our side. It has been logged under the id in "instance".',
    instance: `urn:uuid:${id}`,
  };
}

function ofAppError(error: AppError): ProblemAnswer | undefined {
  const { code, message } = error;
  if (error instanceof InvalidInputError) return answer(400, code, message);
  if (error instanceof NotFoundError) return answer(404, code, message);
  if (error instanceof ForbiddenError) return answer(403, code, message);
  if (error instanceof ConflictError) return answer(code === STALE_VERSION ? 412 : 409, code, message);
  if (error instanceof UnavailableError) return answer(503, code, message, {}, RETRY_SOON);
  return undefined;
}

function answer(
  status: number,
  code: string,
  detail: string,
  more: Pick<Problem, 'errors'> = {},
  headers: Readonly<Record<string, string>> = {},
): ProblemAnswer {
  const words = code.replaceAll('-', ' ');
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  return { problem: { type: `/problems/${code}`, title, status, detail, ...more }, headers };
}

/** Nest's own exceptions, and the errors of Express's body parsers and router, which carry a numeric `status`. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  return typeof error.status === 'number' ? error.status : undefined;
}
