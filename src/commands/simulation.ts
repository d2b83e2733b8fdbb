import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplicationContext, type LoggerService } from '@nestjs/common';
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
import { type Scenario, scenarioOf, type ScenarioChoice } from './simulation.scenario.js';
import { type History, openScratch } from './simulation.scratch.js';
import { SimulatedTransport } from './simulation.transport.js';
import { type Hold } from './terminal.js';

export interface CopyRequest {
  readonly server: DatabaseServer;
  readonly config: Config;
  readonly window: DeclarationWindow;
  readonly logger: LoggerService;
}

export interface SimulationRequest extends CopyRequest {
  readonly now: Date;
  readonly choice: ScenarioChoice;
}

/** The service once more, on a scratch database, with the clock and the mail server replaced. */
export interface ServiceCopy {
  readonly app: INestApplicationContext;
  readonly clock: FixedClock;
  readonly transport: SimulatedTransport;
  readonly repository: SimulationRepository;
  readonly run: SimulationRun;
}

/**
 * Runs a window on a copy of the service: its real parts on a scratch database, with the clock and the mail server
 * replaced. It begins now; a window whose PCSE date has passed is played again from the day it was made, without what
 * happened since. What it needs is let go of through `hold`.
 */
export async function simulate(request: SimulationRequest, hold: Hold): Promise<SimulationReport> {
  const { config, window, now, choice } = request;
  const started = performance.now();
  const scenario = scenarioOf(choice, window.cutoff);
  const again = now >= window.pcse.toInstant();
  const from = again ? window.createdAt : now;
  const { app, transport, repository, run } = await openCopy(
    request,
    { scenario, from, history: again ? 'left-out' : 'kept' },
    hold,
  );
  if (again) await repository.rejuvenate(from);
  const outcome = await run.run();
  await repository.setAcceptedAt(transport.taken);
  const { ratePerMinute } = mailLimitsOf(config);
  return reportOf({
    window,
    from,
    scenario,
    run: outcome,
    campaigns: await app.get(CampaignService).list({ windowId: window.id, limit: 1_000 }),
    outcomes: await repository.outcomes(from, ratePerMinute === undefined ? 'second' : 'hour'),
    steps: await repository.steps(from),
    readiness: await app.get(ReadinessService).readiness(),
    seconds: Math.round((performance.now() - started) / 10) / 100,
  });
}

/** Sets the service up on a copy, with its clock at the beginning. What it needs is let go of through `hold`. */
export async function openCopy(
  { server, config, window, logger }: CopyRequest,
  { scenario, from, history }: { scenario: Scenario; from: Date; history: History },
  hold: Hold,
): Promise<ServiceCopy> {
  const clock = new FixedClock(from);
  const { ratePerMinute } = mailLimitsOf(config);
  const transport = new SimulatedTransport(clock, scenario, { ratePerMinute });
  const dataDir = await mkdtemp(join(tmpdir(), 'cqrs-comms-simulation-'));
  hold(() => rm(dataDir, { recursive: true, force: true }));
  const scratch = await openScratch(server, window.id, history, hold);
  const db = connect<unknown>(scratch.connectionString, 2);
  hold(() => db.destroy());
  const repository = new SimulationRepository(db);
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
  const run = new SimulationRun(app, clock, window, scenario, transport, repository);
  return { app, clock, transport, repository, run };
}
