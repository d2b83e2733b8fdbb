import { BadRequestException, NotFoundException, PayloadTooLargeException } from '@nestjs/common';
import {
  AppError,
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  NotFoundError,
  UnavailableError,
} from '../../shared/errors.js';
import { HttpProblem } from './http-problem.js';
import { problemOf, STALE_VERSION } from './problem.rules.js';

describe('the problem document of an error', () => {
  const ours: [AppError | HttpProblem, number][] = [
    [new InvalidInputError('bad-row', 'Row 7 is empty'), 400],
    [new NotFoundError('no-such-window', 'There is no window'), 404],
    [new ConflictError('wrong-state', 'The campaign is sending'), 409],
    [new ConflictError(STALE_VERSION, 'It has changed'), 412],
    [new ForbiddenError('own-campaign', 'You wrote it'), 403],
    [new UnavailableError('no-queue', 'The queue does not answer'), 503],
    [new HttpProblem(428, 'if-match-missing', 'Send If-Match'), 428],
  ];
  it.each(ours)('keeps code and message of %s', (error, status) => {
    expect(problemOf(error)?.problem).toMatchObject({
      type: `/problems/${error.code}`,
      status,
      detail: error.message,
    });
  });

  const quoting: [Error, number][] = [
    [new BadRequestException('Unexpected token } in JSON at 7: testa.sample1@nhs.net'), 400],
    [new NotFoundException('Cannot GET /people/testa.sample1@nhs.net'), 404],
    [new PayloadTooLargeException('x testa.sample1@nhs.net'), 413],
    [Object.assign(new Error('testa.sample1@nhs.net'), { status: 415, type: 'charset.unsupported' }), 415],
    [Object.assign(new Error('testa.sample1@nhs.net'), { status: 418 }), 418],
  ];
  it.each(quoting)('repeats nothing that the framework quotes from the request (%#)', (error, status) => {
    const problem = problemOf(error)?.problem;
    expect(problem?.status).toBe(status);
    expect(JSON.stringify(problem)).not.toContain('testa');
  });

  it.each(['57P01', '08006', '40P01', '55P03', '25P03', '53300', 'ECONNREFUSED', 'EHOSTUNREACH'])(
    'asks to try later on %s',
    (code) => {
      const answer = problemOf(Object.assign(new Error('database'), { code }));
      expect(answer?.problem.status).toBe(503);
      expect(answer?.headers).toHaveProperty('Retry-After');
    },
  );

  it.each(['Connection terminated unexpectedly', 'Client has encountered a connection error and is not queryable'])(
    'asks to try later when a query meets a broken connection (%s)',
    (message) => {
      expect(problemOf(new Error(message))?.problem.status).toBe(503);
    },
  );

  it.each([
    new Error('bug'),
    new TypeError('bug'),
    new AppError('plain', 'An error of no kind'),
    Object.assign(new Error('duplicate'), { code: '23505' }),
    Object.assign(new Error('odd'), { status: 500 }),
    'text',
    undefined,
  ])('is none for a fault of ours (%#)', (error) => {
    expect(problemOf(error)).toBeUndefined();
  });
});
