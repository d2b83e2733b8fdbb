import { HttpException } from '@nestjs/common';

/** One thing that is wrong with the request, and where. */
export interface FieldError {
  readonly in: 'body' | 'query' | 'path';
  /** Dotted path, as `steps.0.cutoff`; empty for the part as a whole. */
  readonly field: string;
  readonly message: string;
}

/** A problem document (RFC 9457), as every error answer of the API carries it. */
export interface Problem {
  /** Stable URI reference of the kind of problem: `/problems/<code>`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** Only for faults of ours: the id under which the fault is logged. */
  readonly instance?: string;
  readonly errors?: readonly FieldError[];
}

/**
 * Thrown by guards, pipes, interceptors and controllers to answer with this problem. Below controllers the errors
 * of shared/errors are used instead.
 */
export class HttpProblem extends HttpException {
  constructor(
    status: number,
    readonly code: string,
    detail: string,
    readonly extra: {
      headers?: Readonly<Record<string, string>>;
      errors?: readonly FieldError[];
      cause?: unknown;
    } = {},
  ) {
    super(detail, status, { cause: extra.cause });
  }
}

/** Thrown to send a browser to another page with 303 See Other, from guards too. `location` is a path of this site. */
export class SeeOther extends HttpException {
  constructor(readonly location: string) {
    super('See other', 303);
  }
}
