import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { type Kysely, sql } from 'kysely';
import { type Config, InjectConfig } from '../config/index.js';
import { InjectDatabase, pendingMigrations } from '../database/index.js';
import { JobQueue } from '../jobs/index.js';
import { HealthController } from './health.controller.js';
import { ReadinessChecks } from './readiness-checks.js';
import { SchedulerHeartbeat } from './scheduler-heartbeat.js';

/** `GET /health/live` and `GET /health/ready`. Global, so that any module can add to `ReadinessChecks`. */
@Global()
@Module({
  // Terminus would log a failing check with everything in it; the controller logs its name.
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [ReadinessChecks, SchedulerHeartbeat],
  exports: [ReadinessChecks],
})
export class HealthModule implements OnModuleInit {
  constructor(
    private readonly checks: ReadinessChecks,
    private readonly heartbeat: SchedulerHeartbeat,
    private readonly queue: JobQueue,
    @InjectDatabase() private readonly db: Kysely<unknown>,
    @InjectConfig() private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    this.checks.add('database', async () => {
      await sql`select 1`.execute(this.db);
    });
    this.checks.add('migrations', async () => {
      const pending = await pendingMigrations(this.db);
      if (pending.length > 0) throw new Error(`${pending.length} migrations are pending`);
    });
    this.checks.add('queue', async () => {
      await this.queue.depth();
    });
    if (!this.config.roles.includes('scheduler')) return;
    await this.heartbeat.beat();
    this.checks.add('scheduler', async () => {
      await this.heartbeat.check();
    });
  }
}
