import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { suppressionRules } from './suppression.rules.js';

export interface LeaverRow {
  readonly account_id: string;
  readonly organisation_codes: string[];
  readonly commissioner_codes: string[];
  readonly message_id: string;
  readonly reason: string;
  readonly since: Date;
  /** Of all that were found, whichever stretch this row is of. */
  readonly total: number;
}

export interface LeaverFilter {
  readonly accountIds?: readonly string[] | undefined;
  /** ODS codes. A commissioner stands for its practices too. */
  readonly organisationCodes?: readonly string[] | undefined;
  /** ODS code: who works for an organisation of it, or for the region itself. */
  readonly region?: string | undefined;
}

/** Which part of a list. */
export interface Stretch {
  /** null: all that follow. */
  readonly limit: number | null;
  readonly offset: number;
}

/** Joins what came back with who works where. */
@Injectable()
export class LeaverRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<unknown>) {}

  /**
   * Accounts whose NHSmail address is gone, in the order of their ids. Not: whose address has changed since (that one
   * starts clean), whose suppression was lifted (somebody knows better), and who is disabled already.
   */
  async leavers(filter: LeaverFilter, { limit = null, offset = 0 }: Partial<Stretch>): Promise<LeaverRow[]> {
    const { rows } = await sql<LeaverRow>`
      select gone.*, works.organisation_codes, works.commissioner_codes
      from (
        select *, (count(*) over ())::int as total from (
          select distinct on (account.id) account.id as account_id, failure.message_id, failure.reason,
            failure.occurred_at as since
          ${gone(filter)}
          order by account.id, failure.occurred_at
        ) found
        order by account_id limit ${limit} offset ${offset}
      ) gone
      cross join lateral (
        select
          coalesce(array_agg(membership.organisation_code order by membership.organisation_code), '{}') as organisation_codes,
          coalesce(array_agg(distinct ${COMMISSIONER}) filter (where ${COMMISSIONER} is not null), '{}') as commissioner_codes
        from membership
        left join organisation on organisation.code = membership.organisation_code
        where membership.account_id = gone.account_id
      ) works
      order by gone.account_id`.execute(this.db);
    return rows;
  }

  async count(filter: LeaverFilter): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(distinct account.id)::int as count ${gone(filter)}`.execute(this.db);
    return rows[0]?.count ?? 0;
  }
}

/** On whose worklist the members of an organisation belong. */
const COMMISSIONER = sql`case organisation.kind when 'commissioner' then organisation.code else organisation.commissioner_code end`;

/** The reports of an address that is gone share one. */
const HARD_BOUNCE = sql`suppression.reason = 'hard-bounce' and suppression.source like 'report:%'`;

function gone({ accountIds, organisationCodes, region }: LeaverFilter) {
  return sql`
    from feedback_failure failure
    join message on message.id = failure.message_id
    join account on account.id = any(message.account_ids) and account.email_normalised = failure.address
    where failure.kind = 'hard' and failure.reason = any(${Object.keys(suppressionRules)})
      and failure.address ~ '[@.]nhs\\.net$'
      and account.status = 'active'
      and exists (
        select from suppression
        where suppression.address = failure.address and suppression.lifted_at is null and ${HARD_BOUNCE}
      )
      and not exists (
        select from suppression
        where suppression.address = failure.address and suppression.lifted_at >= failure.occurred_at and ${HARD_BOUNCE}
      )
      ${accountIds === undefined ? sql`` : sql`and account.id = any(${[...accountIds]})`}
      ${organisationCodes === undefined ? sql`` : sql`and account.id in (${workingFor(organisationCodes)})`}
      ${region === undefined ? sql`` : sql`and account.id in (${workingIn(region)})`}`;
}

function workingIn(region: string) {
  return sql`
    select account_id from organisation
    join membership on membership.organisation_code = organisation.code
    where ${region} in (organisation.code, organisation.region_code)`;
}

/** Two looks into an index; asked account by account it cost as much as the whole list (16,000 pages for 2,000 leavers). */
function workingFor(organisationCodes: readonly string[]) {
  const codes = sql`any(${[...organisationCodes]}::text[])`;
  return sql`
    select account_id from membership where organisation_code = ${codes}
    union all
    select account_id from organisation
    join membership on membership.organisation_code = organisation.code
    where organisation.commissioner_code = ${codes} and organisation.kind <> 'commissioner'`;
}
