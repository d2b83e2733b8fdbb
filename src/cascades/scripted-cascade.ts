import { Injectable } from '@nestjs/common';
import { BankHolidays } from '../deadlines/index.js';
import { type FixedClock } from '../shared/clock.js';
import { CascadeFreezer } from './cascade.freezer.js';
import { CascadeService } from './cascade.service.js';
import { CascadeTicker } from './cascade.ticker.js';
import { type EscalationPolicy } from './escalation.rules.js';
import { type CoverageRow, ReportRepository } from './report.repository.js';
import { type Answer } from './step.rules.js';

/** How organisations behave in a simulation, in shares of 1. What is left over stays silent. */
export interface CascadeScript {
  /** Commissioners that pass the message on by themselves, and those that do so only after an escalation. */
  readonly passOn: number;
  readonly passOnWhenReminded: number;
  readonly acknowledgeOnly: number;
  readonly decline: number;
  /** Practices that confirm once the message has reached them. */
  readonly confirm: number;
}

const USUAL_SCRIPT: CascadeScript = {
  passOn: 0.6,
  passOnWhenReminded: 0.2,
  acknowledgeOnly: 0.1,
  decline: 0.02,
  confirm: 0.7,
};

export interface ScriptedRun {
  readonly cascadeId: string;
  /** How many answers were given, and how many messages the silence of the others caused. */
  readonly answers: number;
  readonly escalations: number;
  readonly coverage: readonly CoverageRow[];
}

interface ScriptSettings {
  readonly campaignId: string;
  /** The clock that the whole service runs on. */
  readonly clock: FixedClock;
  readonly until: Date;
  readonly script?: CascadeScript;
  readonly policy?: EscalationPolicy;
  /** Called after each working day of the simulation. */
  readonly eachDay?: (coverage: CoverageRow, at: Date) => Promise<void> | void;
}

const HOUR = 3_600_000;
/** Practices that press the button at the same moment. */
const AT_ONCE = 8;

/** A cascade on a clock that is moved by hand, with organisations that answer by a script: the demo's second act. */
@Injectable()
export class ScriptedCascade {
  constructor(
    private readonly freezer: CascadeFreezer,
    private readonly cascades: CascadeService,
    private readonly ticker: CascadeTicker,
    private readonly reports: ReportRepository,
    private readonly bankHolidays: BankHolidays,
  ) {}

  /** The same campaign and script give the same answers at the same times. The campaign's request must have been sent. */
  async run(settings: ScriptSettings): Promise<ScriptedRun> {
    const { campaignId: id, clock, until, script = USUAL_SCRIPT, policy, eachDay } = settings;
    await this.freezer.freeze(id, policy);
    const started = clock.now();
    let answers = 0;
    for (let hours = 0; clock.now() < until; hours += 1) {
      clock.moveTo(new Date(started.getTime() + hours * HOUR));
      if (!this.bankHolidays.calendar.isWithinSendingHours(clock.now())) continue;
      await this.ticker.runOne(id);
      answers += await this.answersOf(id, script, hours);
      if (eachDay && hours % 24 === 8) await eachDay(await this.nation(id), clock.now());
    }
    await this.ticker.runOne(id);
    const coverage = await this.reports.coverage(id);
    return { cascadeId: id, answers, escalations: await this.reports.escalatedMessages(id), coverage };
  }

  private async nation(id: string): Promise<CoverageRow> {
    const [nation] = await this.reports.coverage(id);
    if (!nation) throw new Error(`Cascade ${id} has no tree`);
    return nation;
  }

  private async answersOf(id: string, script: CascadeScript, hours: number): Promise<number> {
    let given = 0;
    for (const { code, rung, answered } of await this.reports.askedCommissioners(id)) {
      const answer = answered ? undefined : answerOf(chance(`commissioner ${code}`), script, rung > 0);
      if (answer === undefined || hours < Math.floor(chance(`delay ${code}`) * 16)) continue;
      given += await this.give(id, code, answer);
    }
    const confirming = (await this.reports.unconfirmedPractices(id)).filter(
      (code) => chance(`practice ${code}`) < script.confirm && chance(`day ${code} ${Math.floor(hours / 8)}`) >= 0.7,
    );
    for (let from = 0; from < confirming.length; from += AT_ONCE) {
      const answers = confirming.slice(from, from + AT_ONCE).map((code) => this.give(id, code, 'confirm'));
      given += (await Promise.all(answers)).reduce((sum, answer) => sum + answer, 0);
    }
    return given;
  }

  private async give(cascadeId: string, organisation: string, answer: Answer): Promise<number> {
    const reason = answer === 'decline' ? { reason: 'Scripted: not ours' } : {};
    const { outcome } = await this.cascades.answer({
      cascadeId,
      organisation,
      answer,
      ...reason,
      actor: `link:${organisation}`,
    });
    return outcome === 'recorded' ? 1 : 0;
  }
}

function answerOf(lot: number, script: CascadeScript, reminded: boolean): Answer | undefined {
  const { passOn, passOnWhenReminded, acknowledgeOnly, decline } = script;
  if (lot < passOn) return 'pass-on';
  if (lot < passOn + passOnWhenReminded) return reminded ? 'pass-on' : undefined;
  if (lot < passOn + passOnWhenReminded + acknowledgeOnly) return 'acknowledge';
  return lot < passOn + passOnWhenReminded + acknowledgeOnly + decline ? 'decline' : undefined;
}

/** A number from 0 up to 1 that is the same for the same text in every run (FNV-1a, mixed). */
function chance(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 12)) >>> 0) / 0x1_0000_0000;
}
