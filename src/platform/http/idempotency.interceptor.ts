import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, Logger, type NestInterceptor } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { v7 as uuid } from 'uuid';
import { type Config, InjectConfig } from '../config/index.js';
import { callerOf } from './caller.js';
import { HttpProblem } from './http-problem.js';
import { IdempotencyRepository, type RequestClaim, type StoredAnswer, workOn } from './idempotency.repository.js';
import { TextSealer } from './sealed-text.js';

/** A third of what a key is held for and less: one that fails is made up for by the next. */
const RENEW_MS = 3_000;
const REPEATED_HEADERS = ['location', 'etag'] as const;

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger(IdempotencyInterceptor.name);
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

    const claim: RequestClaim = { caller: callerOf(request), key, holder: uuid() };
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
    if (held.answer === 'awaited') {
      throw new HttpProblem(409, 'request-in-progress', 'The same request is being worked on.', {
        headers: { 'Retry-After': '1' },
      });
    }
    if (held.answer === 'lost') throw unrepeatable();
    return of(this.repeat(held.answer, response));
  }

  private async firstAnswer(claim: RequestClaim, next: CallHandler, response: Response): Promise<unknown> {
    const renewing = setInterval(() => {
      this.keys.renew(claim).catch((fault: unknown) => {
        this.report('key not renewed', fault);
      });
    }, RENEW_MS);
    try {
      return await this.workedOn(claim, next, response);
    } finally {
      clearInterval(renewing);
    }
  }

  private async workedOn(claim: RequestClaim, next: CallHandler, response: Response): Promise<unknown> {
    let body: unknown;
    try {
      body = await workOn(claim, () => lastValueFrom(next.handle(), { defaultValue: undefined }));
    } catch (error) {
      // Where that fails too, the key is free a little later.
      await this.keys.release(claim).catch((fault: unknown) => {
        this.report('key not released', fault);
      });
      throw error;
    }
    const answer = {
      status: response.statusCode,
      headers: Object.fromEntries(
        REPEATED_HEADERS.flatMap((name) =>
          response.hasHeader(name) ? [[name, String(response.getHeader(name))]] : [],
        ),
      ),
      body: this.sealer.seal(JSON.stringify({ body })),
    };
    // What was done is done: its caller hears so, although a repetition will not.
    await this.keys.answered(claim, answer).catch((fault: unknown) => {
      this.report('answer not kept', fault);
    });
    return body;
  }

  private report(message: string, fault: unknown): void {
    this.logger.warn({ message, fault: fault instanceof Error ? fault.name : typeof fault });
  }

  private repeat(answer: StoredAnswer, response: Response): unknown {
    const opened = this.sealer.open(answer.body);
    if (opened === undefined) {
      // The configured secret was changed since: the request was done, and its answer cannot be shown again.
      throw unrepeatable();
    }
    response.status(answer.status).set({ ...answer.headers, 'Idempotency-Replayed': 'true' });
    return (JSON.parse(opened) as { body?: unknown }).body;
  }
}

function unrepeatable(): HttpProblem {
  return new HttpProblem(409, 'answer-unreadable', 'This request was done before, and its answer is no longer kept.');
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
