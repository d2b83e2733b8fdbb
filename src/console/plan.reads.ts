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

  /** @throws NotFoundError `no-such-recipient` when the plan has no email to that person about that. */
  async email(planId: string, personKey: string, topic: string): Promise<PlannedEmail> {
    const [row] = await this.emails(
      sql`plan_id = ${planId} and person_key = ${personKey} and topic = ${topic} and excluded is null`,
    );
    if (row) return row;
    throw new NotFoundError('no-such-recipient', 'The newest plan of this campaign has no such email');
  }

  /** An email of each of these templates, in the order of their names. */
  async oneOfEach(planId: string, templates: readonly string[]): Promise<PlannedEmail[]> {
    return this.emails(sql`(plan_id, person_key, topic) in (
      select plan_id, person_key, topic from unnest(${[...templates]}::text[]) as wanted (name)
      cross join lateral (
        select * from plan_recipient
        where plan_id = ${planId} and template = wanted.name and excluded is null limit 1
      ) as example
    )`);
  }

  /** The first people of a plan, or those who hold one of these accounts; those who get an email first. */
  async find(planId: string, accountIds: readonly string[] | undefined, limit: number): Promise<PlannedPerson[]> {
    const people: PlannedPerson[] = [];
    for (const excluded of [sql`is null`, sql`is not null`]) {
      if (people.length === limit) break;
      const { rows } = await sql<PlannedPerson>`
        select r.person_key as "personKey", r.topic, r.account_ids as "accountIds", r.segment, r.route, r.address,
          r.template, r.excluded, coalesce(a.first_name || ' ' || a.last_name, '') as name
        from plan_recipient r left join account a on a.id = r.account_ids[1]
        where r.plan_id = ${planId} and r.excluded ${excluded}
          ${accountIds === undefined ? sql`` : sql`and r.account_ids && ${[...accountIds]}::text[]`}
        order by r.person_key, r.topic
        limit ${limit - people.length}`.execute(this.db);
      people.push(...rows);
    }
    return people;
  }

  private async emails(which: ReturnType<typeof sql>): Promise<PlannedEmail[]> {
    const { rows } = await sql<PlannedEmail>`
      select person_key as "personKey", topic, account_ids as "accountIds", organisation_codes as "organisationCodes",
        segment, address, template, values
      from plan_recipient where ${which} order by template, person_key, topic`.execute(this.db);
    return rows;
  }
}
