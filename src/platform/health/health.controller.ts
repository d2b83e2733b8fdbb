import { Controller, Get, Logger, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { SkipThrottle } from '@nestjs/throttler';
import { type Response } from 'express';
import { Public } from '../http/route-access.js';
import { type ReadinessCheck, ReadinessChecks, type ReadinessDetails } from './readiness-checks.js';

const CHECK_TIMEOUT_MS = 3_000;

@Public()
@SkipThrottle()
@Controller('health')
export class HealthController {
  private readonly logger = new Logger(HealthController.name);

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly checks: ReadinessChecks,
  ) {}

  /** The process runs and answers; nothing else is asked, as restarting it would not mend a database. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Everything that this process needs is there: 200, otherwise 503. */
  @Get('ready')
  async ready(@Res() response: Response): Promise<void> {
    const checks = this.checks.all().map(
      ([name, check]) =>
        () =>
          this.indicate(name, check),
    );
    try {
      response.json(await this.health.check(checks));
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      response.status(503).json(error.getResponse());
    }
  }

  private async indicate(name: string, check: ReadinessCheck): Promise<HealthIndicatorResult> {
    const session = this.indicators.check(name);
    let details: ReadinessDetails | undefined;
    const result = await session.attempt(async () => (details = await check())).withTimeout(CHECK_TIMEOUT_MS);
    if (result[name]?.status === 'up') return session.up({ ...details });
    this.logger.warn({ message: 'not ready', check: name, reason: result[name]?.['message'] as unknown });
    return session.down();
  }
}
