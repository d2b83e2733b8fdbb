import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ReadinessChecks } from '../platform/health/index.js';
import { TransportPace } from './transport.pace.js';

/**
 * Shows the circuit breaker of the transport in `/health/ready`. An open one makes nothing unready: mail waits in the
 * ledger, and a process that is restarted would meet the same server.
 */
@Injectable()
export class TransportHealth implements OnModuleInit {
  constructor(
    private readonly checks: ReadinessChecks,
    private readonly pace: TransportPace,
  ) {}

  onModuleInit(): void {
    this.checks.add('transport', async () => {
      const { closedForMs, trouble } = await this.pace.state();
      return { breaker: closedForMs > 0 ? 'open' : 'closed', openForSeconds: Math.ceil(closedForMs / 1_000), trouble };
    });
  }
}
