import { Injectable } from '@nestjs/common';
import { type ColumnType, type Generated, type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type Simulated, type Subject } from './simulation.report.js';

interface SimulationTables {
  simulation_run: {
    id: string;
    window_id: string;
    subject: Subject;
    scenario: Simulated[Subject]['scenario'];
    version: number;
    state: 'running' | 'done' | 'failed';
    asked_by: string;
    started_at: Generated<Date>;
    heard_at: Generated<Date>;
    ended_at: Date | null;
    report: ColumnType<Simulated[Subject]['report'] | null, string | null, string | null>;
    fault: string | null;
  };
}

export interface SimulationRun<S extends Subject> {
  readonly id: string;
  readonly scenario: Simulated[S]['scenario'];
  readonly version: number;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAt: Date;
  readonly seconds: number;
  readonly report: Simulated[S]['report'] | null;
  readonly fault: string | null;
}

export interface SimulationStanding<S extends Subject> {
  readonly latest: SimulationRun<S> | undefined;
  /** The newest with a report. */
  readonly done: SimulationRun<S> | undefined;
  /** Seconds that one usually takes. */
  readonly usual: number | undefined;
}

/** A run of which nothing was heard for so long has lost its process. */
const SILENCE = '60 seconds';

/** Simulations that were asked for, and their reports. Times are the database's. */
@Injectable()
export class SimulationRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<SimulationTables>) {}

  /** False while another one runs. */
  async begin(run: {
    id: string;
    windowId: string;
    version: number;
    subject: Subject;
    scenario: Simulated[Subject]['scenario'];
    askedBy: string;
  }): Promise<boolean> {
    await this.closeLost();
    const { numInsertedOrUpdatedRows = 0n } = await this.db
      .insertInto('simulation_run')
      .values({
        id: run.id,
        window_id: run.windowId,
        subject: run.subject,
        scenario: run.scenario,
        version: run.version,
        state: 'running',
        asked_by: run.askedBy,
        ended_at: null,
        report: null,
        fault: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0n;
  }

  async heard(id: string): Promise<void> {
    await sql`update simulation_run set heard_at = clock_timestamp() where id = ${id}`.execute(this.db);
  }

  async end(id: string, outcome: { report: Simulated[Subject]['report'] } | { fault: string }): Promise<void> {
    const [state, report, fault] =
      'report' in outcome ? ['done', JSON.stringify(outcome.report), null] : ['failed', null, outcome.fault];
    await sql`
      update simulation_run set state = ${state}, report = ${report}::jsonb, fault = ${fault}, ended_at = clock_timestamp()
      where id = ${id} and state = 'running'`.execute(this.db);
  }

  /** The newest run of a window's subject, the newest that has a report, and how many seconds one usually takes. */
  async standing<S extends Subject>(windowId: string, subject: S): Promise<SimulationStanding<S>> {
    await this.closeLost();
    const { rows } = await sql<SimulationRun<S>>`
      (select ${COLUMNS} from simulation_run where window_id = ${windowId} and subject = ${subject}
        order by started_at desc limit 1)
      union all
      (select ${COLUMNS} from simulation_run where window_id = ${windowId} and subject = ${subject} and state = 'done'
        order by started_at desc limit 1)`.execute(this.db);
    const usual = await this.usualSeconds(subject);
    return { latest: rows[0], done: rows.find(({ state }) => state === 'done'), usual };
  }

  /** How long the last ones of a subject took, whatever their window; undefined when there was none. */
  private async usualSeconds(subject: Subject): Promise<number | undefined> {
    const { rows } = await sql<{ seconds: number | null }>`
      select max(seconds)::int as seconds from (
        select extract(epoch from ended_at - started_at) as seconds from simulation_run
        where state = 'done' and subject = ${subject} order by started_at desc limit 5) recent`.execute(this.db);
    return rows[0]?.seconds ?? undefined;
  }

  private async closeLost(): Promise<void> {
    await sql`
      update simulation_run set state = 'failed', ended_at = clock_timestamp(),
        fault = 'The service was stopped while it ran. Start it again'
      where state = 'running' and heard_at < clock_timestamp() - ${SILENCE}::interval`.execute(this.db);
  }
}

const COLUMNS = sql`id, scenario, version, state, started_at as "startedAt", report, fault,
  extract(epoch from coalesce(ended_at, clock_timestamp()) - started_at)::int as seconds`;
