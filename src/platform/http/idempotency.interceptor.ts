import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
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
