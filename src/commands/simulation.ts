import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { CampaignService } from '../campaigns/index.js';
import { type DeclarationWindow } from '../deadlines/index.js';
import { type Config, mailLimitsOf } from '../platform/config/index.js';
import { connect, type DatabaseServer } from '../platform/database/index.js';
import { ReadinessService } from '../segments/index.js';
import { FixedClock } from '../shared/clock.js';
import { SimulationRepository } from './simulation.repository.js';
import { reportOf, type SimulationReport } from './simulation.report.js';
import { SimulationRun } from './simulation.run.js';
import { scenarioOf, type ScenarioChoice } from './simulation.scenario.js';
import { openScratch } from './simulation.scratch.js';
import { SimulatedTransport } from './simulation.transport.js';
import { type Hold } from './terminal.js';

export interface SimulationRequest {
  readonly server: DatabaseServer;
  readonly config: Config;
  readonly window: DeclarationWindow;
  readonly now: Date;
  readonly choice: ScenarioChoice;
  readonly logger: LoggerService;
}

/**
 * Runs a window on a copy of the service: its real parts on a scratch database, with the clock and the mail server
 * replaced. It begins now; a window whose PCSE date has passed is played again from the day it was made, without what
 * happened since. What it needs is let go of through `hold`.
 */
export async function simulate(request: SimulationRequest, hold: Hold): Promise<SimulationReport> {
  const { server, config, window, now, choice, logger } = request;
  const started = performance.now();
  const scenario = scenarioOf(choice, window.cutoff);
  const again = now >= window.pcse.toInstant();
  const from = again ? window.createdAt : now;
  const clock = new FixedClock(from);
  const { ratePerMinute } = mailLimitsOf(config);
  const transport = new SimulatedTransport(clock, scenario, { ratePerMinute });
  const dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-simulation-'));
  hold(() => rm(dataDir, { recursive: true, force: true }));
  const scratch = await openScratch(server, window.id, again ? 'left-out' : 'kept', hold);
  const db = connect<unknown>(scratch.connectionString, 2);
  hold(() => db.destroy());
  const repository = new SimulationRepository(db);
  if (again) await repository.rejuvenate(from);
  const copy: Config = {
    ...config,
    roles: ['worker'],
    queues: ['delivery'],
    dataDir,
    redisUrl: undefined,
    smtpUrl: undefined,
    smtpTransports: [],
    // The transport keeps the rate, in the simulation's time.
    mailRatePerMinute: undefined,
    mailDayBudget: undefined,
  };
  const app = await NestFactory.createApplicationContext(
    AppModule.compose({
      server: scratch,
      clock,
      config: copy,
      wrapTransport: () => transport,
      isDirectoryUnchanging: true,
    }),
    { logger, abortOnError: false },
  );
  hold(() => app.close());
  const run = await new SimulationRun(app, clock, window, scenario, transport, repository).run();
  await repository.setAcceptedAt(transport.taken);
  return reportOf({
    window,
    from,
    scenario,
    run,
    campaigns: await app.get(CampaignService).list({ windowId: window.id, limit: 1_000 }),
    outcomes: await repository.outcomes(from, ratePerMinute === undefined ? 'second' : 'hour'),
    steps: await repository.steps(from),
    readiness: await app.get(ReadinessService).readiness(),
    seconds: Math.round((performance.now() - started) / 10) / 100,
  });
}
