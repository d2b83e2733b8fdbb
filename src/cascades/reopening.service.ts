import { Injectable } from '@nestjs/common';
import { BankHolidays } from '../deadlines/index.js';
import { Clock } from '../shared/clock.js';
import { type CascadeRow } from './cascade.repository.js';
import { EscalationRepository } from './escalation.repository.js';
import { ReopeningRepository } from './reopening.repository.js';

/** When a window moves: what was answered and passed on with its old dates is asked for again. */
@Injectable()
export class ReopeningService {
  constructor(
    private readonly repository: ReopeningRepository,
    private readonly escalations: EscalationRepository,
    private readonly bankHolidays: BankHolidays,
    private readonly clock: Clock,
  ) {}

  /**
   * Reopens the steps of whoever was told a date that holds no more. Nothing escalates until a correction, or the rest
   * of the request, has gone out with the present dates; from then on silence counts anew. @returns how many.
   */
  async run({ id, policy, answer_by }: CascadeRow): Promise<number> {
    if (!(await this.repository.hasOldDates(id))) return 0;
    const reopened = await this.repository.db
      .transaction()
      .execute((trx) => this.repository.reopen(id, this.clock.now(), trx));
    const launch = await this.escalations.launch(id);
    const answerBy = launch && this.bankHolidays.calendar.addWorkingHours(launch.at, policy.answerWithinHours);
    if (answerBy && answerBy > answer_by) await this.repository.setAnswerBy(id, answerBy);
    return reopened;
  }
}
