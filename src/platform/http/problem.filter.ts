import { type ArgumentsHost, Catch, type ExceptionFilter, Logger, NotFoundException } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { v7 as uuid } from 'uuid';
import { TroubleLog } from '../logging/index.js';
import { allowedMethods } from './allowed-methods.js';
import { HttpProblem, type Problem, SeeOther } from './http-problem.js';
import { ProblemPages } from './problem.pages.js';
import { faultProblem, problemOf } from './problem.rules.js';

/** Turns whatever was thrown into a problem document, or for a browser into a page that says the same. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);
  private readonly refusals = new TroubleLog(this.logger, 'error', 'requests refused');

  constructor(private readonly pages: ProblemPages) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (response.headersSent) {
      // Half an answer has left: cutting the connection is the only way to say that it is not whole.
      this.logger.error({ message: 'answer broken off', ...faultOf(error) });
      response.destroy();
      return;
    }
    if (error instanceof SeeOther) {
      response.redirect(303, error.location);
      return;
    }
    const { problem, headers } = problemOf(methodRefusal(error, request) ?? error) ?? {
      problem: this.logged(error, request),
      headers: {},
    };
    if (problem.status === 503) this.refusals.note(error);
    response.status(problem.status).set(headers);
    if (wantsPage(request)) response.type('html').send(this.pages.render(problem));
    else response.type('application/problem+json').send(JSON.stringify(problem));
  }

  private logged(error: unknown, request: Request): Problem {
    const id = uuid();
    const route = (request.route as { path?: string } | undefined)?.path;
    this.logger.error({ message: 'request failed', id, method: request.method, route, ...faultOf(error) });
    return faultProblem(id);
  }
}

/**
 * Express knows no 405: an address that has routes for other methods only reaches Nest's "not found", or a route that
 * takes its last word for an id and refuses it.
 */
function methodRefusal(error: unknown, request: Request): HttpProblem | undefined {
  if (!(error instanceof NotFoundException || isPathRefused(error))) return undefined;
  const methods = allowedMethods(request);
  if (methods.length === 0 || methods.includes(request.method === 'HEAD' ? 'GET' : request.method)) return undefined;
  const allow = methods.join(', ');
  return new HttpProblem(405, 'method-not-allowed', `This address answers ${allow}.`, { headers: { Allow: allow } });
}

function isPathRefused(error: unknown): boolean {
  return error instanceof HttpProblem && (error.extra.errors ?? []).some((field) => field.in === 'path');
}

function wantsPage(request: Request): boolean {
  return !request.path.startsWith('/api/') && request.accepts(['application/problem+json', 'html']) === 'html';
}

/** A database error's own words may quote a value; its code and constraint may not. */
function faultOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { fault: typeof error };
  const frames = error.stack?.slice(error.stack.indexOf('\n    at '));
  if ('severity' in error) {
    const { code, constraint, table } = error as { code?: string; constraint?: string; table?: string };
    return { fault: 'DatabaseError', code, constraint, table, stack: frames };
  }
  return { fault: error.name, reason: error.message, stack: frames };
}
