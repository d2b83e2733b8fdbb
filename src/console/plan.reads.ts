import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { NotFoundError } from '../shared/errors.js';
import { type ConsoleTables } from './console.tables.js';

export interface PlannedEmail {
  readonly personKey: string;
  readonly topic: string;
  readonly accountIds: readonly string[];
  readonly organisationCodes: readonly string[];
  readonly segment: string;
  readonly address: string;
  readonly template: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Somebody in a plan, with what they get or why they get nothing. */
export interface PlannedPerson {
  readonly personKey: string;
  readonly topic: string;
  readonly accountIds: readonly string[];
  readonly name: string;
  readonly segment: string;
  readonly route: 'direct' | 'cascade' | 'none';
  readonly address: string | null;
  readonly template: string | null;
  readonly excluded: string | null;
}

/** The people of a plan, one by one. */
@Injectable()
export class PlanReads {
  constructor(@InjectDatabase() private readonly db: Kysely<ConsoleTables>) {}

  /** @throws NotFoundError `no-such-recipient` when the plan has no e-mail to that person about that. */
  async email(planId: string, personKey: string, topic: string): Promise<PlannedEmail> {
    const [row] = await this.emails(
      sql`plan_id = ${planId} and person_key = ${personKey} and topic = ${topic} and excluded is null`,
    );
    if (row) return row;
    throw new NotFoundError('no-such-recipient', 'The newest plan of this campaign has no such e-mail');
  }

  /** The first e-mail of each template, in the order of their names. */
  async oneOfEach(planId: string): Promise<PlannedEmail[]> {
    return this.emails(sql`(plan_id, person_key, topic) in (
      select distinct on (template) plan_id, person_key, topic from plan_recipient
      where plan_id = ${planId} and excluded is null order by template, person_key, topic
    )`);
  }

  /**
   * People of a plan by account id, organisation code, or a part of the name or address; those who get an e-mail
   * first. At most `limit`: somebody looks for one person.
   */
  async find(planId: string, find: string, limit: number): Promise<PlannedPerson[]> {
    const part = `%${find.replace(/[%_\\]/g, '\\$&')}%`;
    const { rows } = await sql<PlannedPerson>`
      select r.person_key as "personKey", r.topic, r.account_ids as "accountIds", r.segment, r.route, r.address,
        r.template, r.excluded, coalesce(a.first_name || ' ' || a.last_name, '') as name
      from plan_recipient r left join account a on a.id = r.account_ids[1]
      where r.plan_id = ${planId} and (
        ${find} = '' or r.address ilike ${part} or (a.first_name || ' ' || a.last_name) ilike ${part}
        or upper(${find}) = any(r.organisation_codes) or upper(${find}) = any(r.account_ids)
      )
      order by (r.excluded is not null), r.person_key, r.topic
      limit ${limit}`.execute(this.db);
    return rows;
  }

  private async emails(which: ReturnType<typeof sql>): Promise<PlannedEmail[]> {
    const { rows } = await sql<PlannedEmail>`
      select person_key as "personKey", topic, account_ids as "accountIds", organisation_codes as "organisationCodes",
        segment, address, template, values
      from plan_recipient where ${which} order by template, person_key, topic`.execute(this.db);
    return rows;
  }
}
