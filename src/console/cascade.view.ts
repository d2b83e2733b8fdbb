import { Injectable } from '@nestjs/common';
import { type Principal } from '../access/index.js';
import {
  CascadeReports,
  type CascadeRow,
  CascadeService,
  EscalationService,
  type Nudge,
  NudgeService,
  type OrganisationRow,
} from '../cascades/index.js';
import { Clock } from '../shared/clock.js';
import { NotFoundError } from '../shared/errors.js';
import { LondonTime } from '../shared/london-time.js';
import { type CascadeLine, CascadeReads } from './cascade.reads.js';
import { coverageChart, heatRow, nextWords } from './cascade.rules.js';

/** Puts together what the pages of a cascade show. Somebody confined to a region sees that region's part of it. */
@Injectable()
export class CascadeView {
  constructor(
    private readonly cascades: CascadeService,
    private readonly reports: CascadeReports,
    private readonly nudges: NudgeService,
    private readonly reads: CascadeReads,
    private readonly escalation: EscalationService,
    private readonly clock: Clock,
  ) {}

  /** @throws NotFoundError `cascade-not-found`, also when nothing of it lies in the principal's region. */
  async cascade(id: string, { region }: Principal): Promise<CascadeRow> {
    return this.cascades.visible(id, region);
  }

  /** @throws NotFoundError as `cascade`, and `not-in-cascade` for an organisation that is not there or in another region. */
  async organisation(id: string, code: string, { region }: Principal): Promise<OrganisationRow> {
    const organisation = await this.cascades.organisation(id, code);
    if (region === undefined || organisation.region_code === region) return organisation;
    throw new NotFoundError('not-in-cascade', 'This organisation is not part of this cascade');
  }

  /** In which part of its life it is; of a rehearsal there is nothing else: it asks for no practice to be told. */
  async overview(cascade: CascadeRow, principal: Principal) {
    const now = this.clock.now();
    return {
      cascade,
      state: stateOf(
        { isDrill: cascade.campaign_id === null, closedAt: cascade.closed_at, answerBy: cascade.answer_by },
        now,
      ),
      isLate: now > cascade.answer_by,
      ...(cascade.campaign_id !== null && (await this.reached(cascade, principal))),
    };
  }

  /** The sum that heads the page, the rows below it, and how it grew. */
  private async reached(cascade: CascadeRow, { region }: Principal) {
    const [coverage, curve] = await Promise.all([
      this.reports.coverage(cascade.id, region),
      region === undefined ? this.reports.curve(cascade.id) : undefined,
    ]);
    const [sum, ...below] = coverage;
    return {
      sum,
      total: sum && heatRow(sum),
      rows: below.filter(({ level }) => level === (region === undefined ? 'region' : 'commissioner')).map(heatRow),
      plot: sum && curve && this.plot(cascade, curve, sum.practices),
    };
  }

  /** The commissioners of a region as rows of the heat table, with the row of the region itself. */
  async region(cascadeId: string, code: string) {
    const rows = (await this.reports.coverage(cascadeId, code)).map(heatRow);
    return {
      total: rows.find(({ level }) => level === 'region'),
      rows: rows.filter(({ level }) => level === 'commissioner'),
    };
  }

  async commissioner(cascadeId: string, code: string) {
    const row = await this.reports.coverageOf(cascadeId, code);
    return row && heatRow(row);
  }

  /** Who is silent, whom a nudge would write to, and what the service does next by itself. */
  async silent(cascade: CascadeRow, principal: Principal, { limit, from = 0 }: { limit: number; from?: number }) {
    const { id, policy } = cascade;
    const [lines, nextOf, nudge] = await Promise.all([
      this.reads.silent(id, principal.region, limit + 1, from),
      this.nextOf(cascade),
      principal.permissions.includes('cascade:operate') ? this.nudge(id, principal) : undefined,
    ]);
    const shown = lines.slice(0, limit);
    const names = principal.permissions.includes('directory:read')
      ? await this.reads.contactNames(
          id,
          shown.map(({ code }) => code),
          policy.mostContacts,
        )
      : undefined;
    return {
      lines: shown.map((line) => ({
        ...line,
        next: nextOf(line.code),
        contacts: names?.get(line.code) ?? [],
        ...nudgeOf(line.code, nudge),
      })),
      more: lines.length > limit,
      nudge: nudge && this.timed(nudge),
    };
  }

  /** What a nudge of this one organisation would do; undefined where nothing can be sent to it now. */
  async nudgeOne({ id, policy }: CascadeRow, code: string, { permissions }: Principal) {
    const nudge = await this.nudges.foresee(id, [code]);
    if (!nudge || nudge.organisations.length + nudge.unreachable.length + nudge.nudgedToday.length === 0)
      return undefined;
    const names = permissions.includes('directory:read')
      ? await this.reads.contactNames(id, [code], policy.mostContacts)
      : undefined;
    return { ...this.timed(nudge), contacts: names?.get(code) ?? [] };
  }

  /** What the service does next by itself about each that does not act; nothing while nothing may be sent. */
  async nextOf(cascade: CascadeRow) {
    const next = await this.escalation.foresee(cascade);
    return (code: string) => {
      const rung = next.get(code);
      return rung && nextWords(rung);
    };
  }

  private timed(nudge: Nudge) {
    return { ...nudge, leavesNow: nudge.leavesAt <= this.clock.now() };
  }

  private async nudge(id: string, { region }: Principal): Promise<Nudge | undefined> {
    if (region === undefined) return this.nudges.foresee(id);
    const own = await this.reads.steps(id, { region });
    return this.nudges.foresee(id, [region, ...own.map(({ code }) => code)]);
  }

  private plot(cascade: CascadeRow, curve: Awaited<ReturnType<CascadeReports['curve']>>, practices: number) {
    const end = cascade.closed_at ?? this.clock.now();
    return coverageChart(curve, {
      from: LondonTime.fromInstant(cascade.frozen_at).date,
      until: LondonTime.fromInstant(end).date,
      practices,
    });
  }
}

/** In which part of its life a cascade is. */
export function stateOf(
  { isDrill, closedAt, answerBy }: Pick<CascadeLine, 'isDrill' | 'closedAt' | 'answerBy'>,
  now: Date,
): 'rehearsal' | 'open' | 'late' | 'closed' {
  if (closedAt !== null) return 'closed';
  if (isDrill) return 'rehearsal';
  return now > answerBy ? 'late' : 'open';
}

function nudgeOf(code: string, nudge: Nudge | undefined) {
  return {
    messages: nudge?.organisations.find((each) => each.code === code)?.messages ?? 0,
    isUnreachable: nudge?.unreachable.includes(code) ?? false,
    wasNudgedToday: nudge?.nudgedToday.includes(code) ?? false,
  };
}
