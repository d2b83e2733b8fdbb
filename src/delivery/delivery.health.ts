import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ReadinessChecks } from '../platform/health/index.js';
import { type Config, InjectConfig, isCaptured } from '../platform/config/index.js';
import { DeliveryWatchdog } from './delivery.watchdog.js';
import { MAIL_ROUTES, type MailRoute } from './mail-routes.js';
import { TransportPace } from './transport.pace.js';

/**
 * Shows in `/health/ready` whether mail reaches anybody (`real`), only those of the trial, or the capture inbox; whether
 * somebody has stopped all of it; and the circuit breakers of the transports: open only while every one is, and each by
 * its name where there are several; in schedulers also whether messages move. Neither makes a process unready: mail waits
 * in the ledger, and a process that is restarted would meet the same server and the same lack of workers.
 */
@Injectable()
export class DeliveryHealth implements OnModuleInit {
  constructor(
    private readonly checks: ReadinessChecks,
    private readonly pace: TransportPace,
    private readonly watchdog: DeliveryWatchdog,
    @Inject(MAIL_ROUTES) private readonly routes: readonly MailRoute[],
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.checks.add('transport', async () => {
      const { closedForMs, trouble } = await this.pace.state();
      const mail = isCaptured(this.config) ? 'captured' : this.config.trialMode ? 'trial' : 'real';
      const openForSeconds = Math.ceil(closedForMs / 1_000);
      const stopped = (await this.pace.isStopped()) && { stopped: 'yes' };
      const all = { mail, ...stopped, breaker: breakerOf(closedForMs), openForSeconds, trouble };
      if (this.routes.length === 1) return all;
      const states = await this.pace.states();
      const each = this.routes.map(({ name }) => [name, breakerOf(states.get(name)?.closedForMs ?? 0)] as const);
      return { ...all, ...Object.fromEntries(each) };
    });
    if (!this.config.roles.includes('scheduler')) return;
    this.checks.add('delivery', () => Promise.resolve({ standstillSeconds: this.watchdog.standstillSeconds() }));
  }
}

function breakerOf(closedForMs: number): 'open' | 'closed' {
  return closedForMs > 0 ? 'open' : 'closed';
}
