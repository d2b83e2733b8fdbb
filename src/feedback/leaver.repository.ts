import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';

export interface LeaverRow {
  readonly account_id: string;
  readonly organisation_codes: string[];
  readonly commissioner_codes: string[];
  readonly message_id: string;
  readonly reason: string;
  readonly since: Date;
}

export interface LeaverFilter {
  readonly accountIds?: readonly string[] | undefined;
  /** ODS codes. A commissioner stands for its practices too. */
  readonly organisationCodes?: readonly string[] | undefined;
}

/** Joins what came back with who works where. */
@Injectable()
export class LeaverRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<unknown>) {}

  /**
   * Accounts whose NHSmail address is gone, in the order of their ids. Not: whose address has changed since (that one
   * starts clean), whose suppression was lifted (somebody knows better), and who is disabled already.
   */
  async leavers({ accountIds, organisationCodes }: LeaverFilter): Promise<LeaverRow[]> {
    const { rows } = await sql<LeaverRow>`
      select distinct on (account.id)
        account.id as account_id, works.organisation_codes, works.commissioner_codes,
        failure.message_id, failure.reason, failure.occurred_at as since
      from feedback_failure failure
      join message on message.id = failure.message_id
      join account on account.id = any(message.account_ids) and account.email_normalised = failure.address
      cross join lateral (
        select
          coalesce(array_agg(membership.organisation_code order by membership.organisation_code), '{}') as organisation_codes,
          coalesce(array_agg(distinct commissioner.code) filter (where commissioner.code is not null), '{}') as commissioner_codes
        from membership
        left join organisation on organisation.code = membership.organisation_code
        cross join lateral (
          select case organisation.kind when 'commissioner' then organisation.code else organisation.commissioner_code end as code
        ) commissioner
        where membership.account_id = account.id
      ) works
      where failure.kind = 'hard'
        and failure.address ~ '[@.]nhs\\.net$'
        and account.status = 'active'
        and exists (
          select from suppression
          where suppression.address = failure.address and suppression.lifted_at is null
            and suppression.source = 'report:' || failure.report_id
        )
        ${accountIds === undefined ? sql`` : sql`and account.id = any(${[...accountIds]})`}
        ${
          organisationCodes === undefined
            ? sql``
            : sql`and (works.organisation_codes || works.commissioner_codes) && ${[...organisationCodes]}::text[]`
        }
      order by account.id, failure.occurred_at`.execute(this.db);
    return rows;
  }
}
