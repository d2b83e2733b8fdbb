import { hostname } from 'node:os';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { type Kysely, sql } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import { type Config, InjectConfig } from '../config/index.js';
import { InjectDatabase } from '../database/index.js';
import { InjectMetrics } from '../metrics/index.js';
import { Tick } from '../schedule/index.js';

interface HeartbeatTables {
  scheduler_heartbeat: { process: string; beat_at: Date };
}

const BEAT_EVERY_MS = 10_000;
const STALE_AFTER_SECONDS = 60;

/** Proves that this process's schedule still ticks and still reaches the database. */
@Injectable()
export class SchedulerHeartbeat implements BeforeApplicationShutdown {
  private readonly beating = new Tick(() => this.beat(), new Logger(SchedulerHeartbeat.name));
  private readonly process = `${hostname()}:${process.pid}`;

  constructor(
    @InjectDatabase() private readonly db: Kysely<HeartbeatTables>,
    @InjectConfig() private readonly config: Config,
    @InjectMetrics() metrics: Registry,
  ) {
    const silence = () => this.silence();
    new Gauge({
      name: 'scheduler_silent_seconds',
      help: 'Since the schedule last ticked in any process; +Inf when it never did',
      registers: [metrics],
      async collect() {
        this.set(await silence());
      },
    });
  }

  @Interval(BEAT_EVERY_MS)
  async tick(): Promise<void> {
    if (this.config.roles.includes('scheduler')) await this.beating.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.beating.stop();
  }

  /** Writes this process's row; forgets processes that have been silent for a day. */
  async beat(): Promise<void> {
    const row = { process: this.process, beat_at: sql<Date>`clock_timestamp()` };
    await this.db
      .insertInto('scheduler_heartbeat')
      .values(row)
      .onConflict((conflict) => conflict.column('process').doUpdateSet({ beat_at: row.beat_at }))
      .execute();
    await this.db
      .deleteFrom('scheduler_heartbeat')
      .where('beat_at', '<', sql<Date>`clock_timestamp() - interval '1 day'`)
      .execute();
  }

  /** Throws when this process has not ticked for a minute. */
  async check(): Promise<void> {
    const fresh = await this.db
      .selectFrom('scheduler_heartbeat')
      .select('process')
      .where('process', '=', this.process)
      .where('beat_at', '>', sql<Date>`clock_timestamp() - ${STALE_AFTER_SECONDS} * interval '1 second'`)
      .executeTakeFirst();
    if (!fresh) throw new Error(`The schedule has not ticked for ${STALE_AFTER_SECONDS} seconds`);
  }

  private async silence(): Promise<number> {
    const { rows } = await sql<{ seconds: number | null }>`
      select extract(epoch from clock_timestamp() - max(beat_at))::float8 as seconds
      from scheduler_heartbeat`.execute(this.db);
    return rows[0]?.seconds ?? Infinity;
  }
}
