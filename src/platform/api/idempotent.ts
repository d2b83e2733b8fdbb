import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { IdempotencyInterceptor } from '../http/index.js';

/**
 * For every POST that acts. With an `Idempotency-Key` header, the same caller sending the same request again within
 * 24 hours gets the first answer again and nothing is done twice; another request under that key gets 409, and so
 * does one that arrives while the first is being worked on (with Retry-After). Only success is remembered: a request
 * that failed changed nothing and may be sent again. What is kept with an entry in the audit trail is done with it: when
 * its answer is lost, a repetition gets 409 `answer-unreadable`. When the process dies before, the key is free for the
 * same request after 15 seconds. Work that leaves no entry must still be harmless when doubled.
 */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Your own unique id of this request: sent again with the same body, the first answer is repeated.',
      schema: {
        type: 'string',
        pattern: '^[!-~]+$',
        minLength: 1,
        maxLength: 255,
        examples: ['5f0c3b1e-9a57-4a44-8e0f-0d8c2f6c1b7a'],
      },
    }),
  );
