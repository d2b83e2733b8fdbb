import { Injectable } from '@nestjs/common';
import { type LeaverFilter, LeaverRepository, type LeaverRow, type Stretch } from './leaver.repository.js';

/** An account that is still active in CQRS although its NHSmail address is gone. */
export interface ProbableLeaver {
  readonly accountId: string;
  /** ODS codes of the organisations that the account works for, in order. */
  readonly organisationCodes: readonly string[];
  /** On whose worklists it belongs, in order. */
  readonly commissionerCodes: readonly string[];
  /** The message that came back. */
  readonly messageId: string;
  /** Why, in the vocabulary of `Reason`. */
  readonly reason: string;
  /** When it first came back. */
  readonly since: Date;
}

/** Who has probably left: NHSmail closes an address when its owner leaves, and mail to it then bounces for good. */
@Injectable()
export class LeaverService {
  constructor(private readonly repository: LeaverRepository) {}

  /**
   * In the order of account ids; all of them without a filter. An organisation's code finds those who work for it, a
   * commissioner's those of its practices too. An account drops off when it is disabled, when it is given another
   * address, and when an operator lifts the suppression.
   */
  async probableLeavers(filter: LeaverFilter = {}, stretch: Partial<Stretch> = {}): Promise<ProbableLeaver[]> {
    return (await this.repository.leavers(filter, stretch)).map(leaverOf);
  }

  /** A stretch of them, with how many there are in all: both of one look. */
  async page(
    stretch: Stretch,
    filter: LeaverFilter = {},
  ): Promise<{ readonly leavers: readonly ProbableLeaver[]; readonly total: number }> {
    const rows = await this.repository.leavers(filter, stretch);
    return { leavers: rows.map(leaverOf), total: rows[0]?.total ?? (await this.count(filter)) };
  }

  async count(filter: LeaverFilter = {}): Promise<number> {
    return this.repository.count(filter);
  }
}

function leaverOf(row: LeaverRow): ProbableLeaver {
  return {
    accountId: row.account_id,
    organisationCodes: row.organisation_codes,
    commissionerCodes: row.commissioner_codes,
    messageId: row.message_id,
    reason: row.reason,
    since: row.since,
  };
}
