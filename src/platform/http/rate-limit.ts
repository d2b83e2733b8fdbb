import { Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerStorage } from '@nestjs/throttler';
import { type Request } from 'express';
import { callerOf } from './caller.js';
import { HttpProblem } from './http-problem.js';
import { RequestRateRepository } from './request-rate.repository.js';

/** Counts in PostgreSQL, so that several web processes keep one limit together. */
@Injectable()
export class RequestRates implements ThrottlerStorage {
  constructor(private readonly rates: RequestRateRepository) {}

  async increment(key: string, ttl: number, limit: number): ReturnType<ThrottlerStorage['increment']> {
    const { hits, resetsInMs } = await this.rates.hit(key, ttl);
    const seconds = Math.max(1, Math.ceil(resetsInMs / 1000));
    return { totalHits: hits, timeToExpire: seconds, isBlocked: hits > limit, timeToBlockExpire: seconds };
  }
}

/**
 * Limits how often one caller uses one route: per principal, or per network address for somebody unknown. It must
 * stand after the guard that recognises the caller and before the one that refuses, so that guessing is limited too.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override getTracker(request: Request): Promise<string> {
    return Promise.resolve(callerOf(request));
  }

  /** The base class has set Retry-After. */
  protected override throwThrottlingException(): Promise<void> {
    throw new HttpProblem(429, 'too-many-requests', 'Too many requests. Wait as long as Retry-After says, in seconds.');
  }
}
