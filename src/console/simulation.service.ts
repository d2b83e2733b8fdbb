import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { type z } from 'zod';
import { AuditTrail, type Principal } from '../access/index.js';
import { type DeclarationWindow } from '../deadlines/index.js';
import { type Config, InjectConfig, PROJECT_ROOT } from '../platform/config/index.js';
import { DATABASE_SERVER, type DatabaseServer, inTwoTries } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError } from '../shared/errors.js';
import { type Simulated, SIMULATION_COMMANDS, type Subject } from './simulation.report.js';
import { SimulationRepository } from './simulation.repository.js';

const CLI = join(PROJECT_ROOT, 'dist', 'cli.js');
/** Room for what lives shortly: with Node's own 16 MB a third of the time goes into collecting it (measured). */
const YOUNG_SPACE = '--max-semi-space-size=64';
const HEARD_EVERY = 10_000;
const LONGEST_FAULT = 500;

/**
 * Plays a window, or its request, through with a command in a process of its own: it needs a processor and a database to
 * itself for a while, and the pages must stay quick.
 */
@Injectable()
export class Simulations implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Simulations.name);
  private readonly running = new Set<{ readonly child: ChildProcess; readonly over: Promise<void> }>();

  constructor(
    private readonly repository: SimulationRepository,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
    @Inject(DATABASE_SERVER) private readonly server: DatabaseServer,
  ) {}

  /** Starts one and does not wait for it. @throws ConflictError `simulation-running` while another one runs. */
  async start<S extends Subject>(
    { id: windowId, version }: DeclarationWindow,
    simulated: S,
    scenario: Simulated[S]['scenario'],
    principal: Principal,
  ): Promise<void> {
    const id = uuid();
    const run = { id, windowId, version, subject: simulated, scenario, askedBy: principal.id };
    if (!(await this.repository.begin(run))) {
      throw new ConflictError('simulation-running', 'Another simulation is running. Start yours when it is done');
    }
    const subject = `declaration-window:${windowId}`;
    await this.audit.record({
      actor: principal.id,
      action: 'simulation.started',
      subject,
      details: { simulated, scenario },
    });
    const { args, report } = SIMULATION_COMMANDS[simulated];
    const child = spawn(process.execPath, [YOUNG_SPACE, CLI, ...args(windowId, scenario)], {
      env: this.environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = { child, over: this.follow(id, child, report) };
    this.running.add(running);
    void running.over.finally(() => this.running.delete(running));
  }

  /** A run lets go of its scratch database when it is told to stop. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(
      [...this.running].map(async ({ child, over }) => {
        child.kill('SIGTERM');
        await over;
      }),
    );
  }

  /** Reads what it says until it ends, and writes down what came of it. Never rejects. */
  private async follow(
    id: string,
    child: ChildProcess,
    schema: z.ZodType<Simulated[Subject]['report']>,
  ): Promise<void> {
    const beat = setInterval(() => void this.repository.heard(id).catch(() => undefined), HEARD_EVERY);
    try {
      const outcome = await this.outcomeOf(id, child, schema);
      await inTwoTries(() => this.repository.end(id, outcome));
    } catch (error) {
      // Nothing more is heard of it, and so it will count as lost.
      this.logger.error({ message: 'simulation not written down', run: id, error: (error as Error).message });
    } finally {
      clearInterval(beat);
    }
  }

  private async outcomeOf<R>(
    id: string,
    child: ChildProcess,
    schema: z.ZodType<R>,
  ): Promise<{ report: R } | { fault: string }> {
    try {
      const [output, complaint, code] = await endOf(child);
      return code === 0 ? { report: schema.parse(JSON.parse(output)) } : { fault: lastLine(complaint) };
    } catch (error) {
      this.logger.error({ message: 'simulation failed', run: id, error: (error as Error).message });
      return { fault: 'The simulation ended without a report' };
    }
  }

  /** The service's own settings and database; the clock too where it stands still. */
  private environment(): NodeJS.ProcessEnv {
    const { dataDir, secret, environment } = this.config;
    return {
      ...process.env,
      DATABASE_URL: this.server.connectionString,
      DATA_DIR: dataDir,
      SECRET: secret,
      ...(environment !== 'production' && { CLOCK: this.clock.now().toISOString() }),
    };
  }
}

async function endOf(child: ChildProcess): Promise<[output: string, complaint: string, code: number | null]> {
  const output: Buffer[] = [];
  const complaint: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => complaint.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return [Buffer.concat(output).toString(), Buffer.concat(complaint).toString(), code];
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, LONGEST_FAULT) || 'The simulation ended without a report';
}
