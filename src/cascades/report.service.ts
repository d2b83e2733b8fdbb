import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { CascadeService } from './cascade.service.js';
import { type CascadeRow } from './cascade.repository.js';
import {
  type CoverageRow,
  type DayOfSteps,
  type CurvePoint,
  type PracticeFilter,
  type PracticeRow,
  ReportRepository,
} from './report.repository.js';
import { ScoreRepository, type StepScore } from './score.repository.js';
import { type TableExport } from './table.export.js';

/** How far a cascade has come, for the nation and down to each practice. */
@Injectable()
export class CascadeReports {
  constructor(
    private readonly repository: ReportRepository,
    private readonly scores: ScoreRepository,
    private readonly cascades: CascadeService,
    private readonly clock: Clock,
  ) {}

  /**
   * The nation first, then each region followed by its commissioners. Every parent is the sum of its children.
   * @param region nothing but this region and its commissioners. @throws NotFoundError `cascade-not-found`.
   */
  async coverage(cascadeId: string, region?: string): Promise<CoverageRow[]> {
    await this.cascades.visible(cascadeId, region);
    if (region === undefined) return this.repository.coverage(cascadeId);
    return (await this.repository.coverage(cascadeId, { region })).filter(({ level }) => level !== 'nation');
  }

  /** The row of one commissioner; undefined when it is not in the cascade. */
  async coverageOf(cascadeId: string, commissioner: string): Promise<CoverageRow | undefined> {
    const rows = await this.repository.coverage(cascadeId, { commissioner });
    return rows.find(({ level }) => level === 'commissioner');
  }

  async practices(cascadeId: string, filter: PracticeFilter): Promise<PracticeRow[]> {
    return this.repository.practices(cascadeId, filter);
  }

  async days(cascadeId: string): Promise<DayOfSteps[]> {
    return this.repository.days(cascadeId);
  }

  async curve(cascadeId: string): Promise<CurvePoint[]> {
    return this.repository.curve(cascadeId);
  }

  /**
   * How fast each step was taken, down the tree; of a drill, how fast its button was pressed.
   * @param region nothing but this region. @throws NotFoundError `cascade-not-found`.
   */
  async score(cascadeId: string, region?: string): Promise<StepScore[]> {
    await this.cascades.visible(cascadeId, region);
    return this.scores.of(cascadeId, region);
  }

  /** The report of `coverage` as a table. */
  async coverageExport(cascadeId: string, region?: string): Promise<TableExport> {
    const rows = await this.coverage(cascadeId, region);
    const cascade = await this.cascades.get(cascadeId);
    return {
      title: 'Coverage',
      header: [
        'Level',
        'Region',
        'Commissioner',
        'Name',
        'State',
        'Practices',
        'Confirmed',
        'Passed on',
        'Silent',
        'Unreachable',
        'Closed',
        'At risk before',
        'At risk now',
        'People to help',
        'People helped',
      ],
      rows: rows.map((row) => [
        row.level,
        row.regionCode,
        row.commissionerCode,
        row.name,
        row.state,
        row.practices,
        row.confirmed,
        row.passedOn,
        row.silent,
        row.unreachable,
        row.closed,
        row.atRiskBefore,
        row.atRiskNow,
        row.peopleToHelp,
        row.peopleHelped,
      ]),
      madeAt: this.clock.now(),
      snapshot: snapshotOf(cascade),
    };
  }
}

/** From what an export was made, in words. */
export function snapshotOf({ frozen_at, snapshot }: Pick<CascadeRow, 'frozen_at' | 'snapshot'>): string {
  const imports = Object.entries(snapshot).map(([kind, id]) => `${kind} import ${id}`);
  return [`tree frozen ${frozen_at.toISOString()}`, ...imports].join(', ');
}
