import { createHash } from 'node:crypto';
import { applyDecorators, type CallHandler, type ExecutionContext, Injectable, UseInterceptors } from '@nestjs/common';
import { type NestInterceptor } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { type Config, InjectConfig } from '../config/index.js';
import { callerOf } from './caller.js';
import { HttpProblem } from './http-problem.js';
import { IdempotencyRepository, type RequestKey, type StoredAnswer } from './idempotency.repository.js';
import { TextSealer } from './sealed-text.js';

const REPEATED_HEADERS = ['location', 'etag'] as const;

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly sealer: TextSealer;

  constructor(
    private readonly keys: IdempotencyRepository,
    @InjectConfig() config: Config,
  ) {
    this.sealer = new TextSealer(config.secret, 'idempotency');
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const key = keyOf(request);
    if (key === undefined) return next.handle();

    const claim: RequestKey = { caller: callerOf(request), key };
    const fingerprint = fingerprintOf(request);
    const held = await this.keys.claim(claim, fingerprint);
    if (!held) return of(await this.firstAnswer(claim, next, response));
    if (held.fingerprint !== fingerprint) {
      throw new HttpProblem(
        409,
        'idempotency-key-reused',
        'This Idempotency-Key was sent before with another request.',
      );
    }
    if (!held.answer) {
      throw new HttpProblem(409, 'request-in-progress', 'The same request is being worked on.', {
        headers: { 'Retry-After': '1' },
      });
    }
    return of(this.repeat(held.answer, response));
  }

  private async firstAnswer(claim: RequestKey, next: CallHandler, response: Response): Promise<unknown> {
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await this.keys.release(claim);
      throw error;
    }
    await this.keys.answered(claim, {
      status: response.statusCode,
      headers: Object.fromEntries(
        REPEATED_HEADERS.flatMap((name) =>
          response.hasHeader(name) ? [[name, String(response.getHeader(name))]] : [],
        ),
      ),
      body: this.sealer.seal(JSON.stringify({ body })),
    });
    return body;
  }

  private repeat(answer: StoredAnswer, response: Response): unknown {
    const opened = this.sealer.open(answer.body);
    if (opened === undefined) {
      // The configured secret was changed since: the request was done, and its answer cannot be shown again.
      throw new HttpProblem(
        409,
        'answer-unreadable',
        'This request was done before, and its answer is no longer kept.',
      );
    }
    response.status(answer.status).set({ ...answer.headers, 'Idempotency-Replayed': 'true' });
    return (JSON.parse(opened) as { body?: unknown }).body;
  }
}

/**
 * For every POST that acts. With an `Idempotency-Key` header, the same caller sending the same request again within
 * 24 hours gets the first answer again and nothing is done twice; another request under that key gets 409, and so
 * does one that arrives while the first is being worked on (with Retry-After). Only success is remembered: a request
 * that failed changed nothing and may be sent again. When the process dies in mid-request the key is free for the
 * same request after five minutes, so the work itself must still be harmless when doubled.
 */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Your own unique id of this request: sent again with the same body, the first answer is repeated.',
      schema: { type: 'string', minLength: 1, maxLength: 255, examples: ['5f0c3b1e-9a57-4a44-8e0f-0d8c2f6c1b7a'] },
    }),
  );

function keyOf(request: Request): string | undefined {
  const key = request.get('Idempotency-Key');
  if (key === undefined) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new HttpProblem(
    400,
    'idempotency-key-malformed',
    'Idempotency-Key: expected 1 to 255 visible ASCII characters.',
  );
}

function fingerprintOf({ method, originalUrl, body }: Request): string {
  return createHash('sha256')
    .update(`${method} ${originalUrl}\n${JSON.stringify((body as unknown) ?? null)}`)
    .digest('hex');
}
