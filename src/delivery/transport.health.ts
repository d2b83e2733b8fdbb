import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ReadinessChecks } from '../platform/health/index.js';
import { MAIL_ROUTES, type MailRoute } from './mail-routes.js';
import { TransportPace } from './transport.pace.js';

/**
 * Shows the circuit breakers of the transports in `/health/ready`: open only while every one is, and each by its name
 * where there are several. An open one makes nothing unready: mail waits in the ledger, and a process that is
 * restarted would meet the same server.
 */
@Injectable()
export class TransportHealth implements OnModuleInit {
  constructor(
    private readonly checks: ReadinessChecks,
    private readonly pace: TransportPace,
    @Inject(MAIL_ROUTES) private readonly routes: readonly MailRoute[],
  ) {}

  onModuleInit(): void {
    this.checks.add('transport', async () => {
      const { closedForMs, trouble } = await this.pace.state();
      const all = { breaker: breakerOf(closedForMs), openForSeconds: Math.ceil(closedForMs / 1_000), trouble };
      if (this.routes.length === 1) return all;
      const states = await this.pace.states();
      const each = this.routes.map(({ name }) => [name, breakerOf(states.get(name)?.closedForMs ?? 0)] as const);
      return { ...all, ...Object.fromEntries(each) };
    });
  }
}

function breakerOf(closedForMs: number): 'open' | 'closed' {
  return closedForMs > 0 ? 'open' : 'closed';
}
