import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type CascadeTables } from './cascade.tables.js';
import { type OrganisationRow } from './cascade.repository.js';
import { type WorklistLine, type WorklistPerson } from './worklist.types.js';

type PersonRow = Omit<WorklistPerson, 'action' | 'suggestion' | 'newAddress'>;

/** Open needs as they stand in the cascade; whoever has probably left stands on the list for that alone. */
const listed = (cascadeId: string, leavers: readonly string[]) => sql`
  select account_id, code, need from cascade_help
  where cascade_id = ${cascadeId} and resolved_at is null and account_id <> all(${[...leavers]}::text[])
  union all
  select account_id, organisation_code, 'left' from membership where account_id = any(${[...leavers]}::text[])`;

@Injectable()
export class WorklistRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<CascadeTables>) {}

  /** Of a region, its commissioners; of a commissioner, its practices; of a practice, itself. Open needs only. */
  async lines(
    cascadeId: string,
    { code, kind }: Pick<OrganisationRow, 'code' | 'kind'>,
    leavers: readonly string[],
  ): Promise<WorklistLine[]> {
    const byCommissioner = kind === 'region';
    const key = byCommissioner ? sql`node.commissioner_code` : sql`node.code`;
    const { rows } = await sql<WorklistLine>`
      with listed as (${listed(cascadeId, leavers)}), lines as (
        select ${key} as code, count(distinct node.code)::int as practices,
          (count(distinct node.code) filter (where node.at_risk_now))::int as "practicesAtRisk",
          (count(help.account_id) filter (where need = 'mismatched'))::int as mismatched,
          (count(help.account_id) filter (where need = 'unknown'))::int as unknown,
          (count(help.account_id) filter (where need = 'unreachable'))::int as unreachable,
          (count(help.account_id) filter (where need = 'left'))::int as "left"
        from cascade_organisation node
        left join listed help on help.code = node.code
        where node.cascade_id = ${cascadeId} and node.kind = 'practice' and node.change is distinct from 'closed'
          and case ${kind}::text when 'region' then node.region_code = ${code}
            when 'commissioner' then node.commissioner_code = ${code} or node.moved_to = ${code}
            else node.code = ${code} end
        group by 1
      )
      select lines.*, own.name, coalesce(own.coverage, own.state) as status
      from lines join cascade_organisation own on own.cascade_id = ${cascadeId} and own.code = lines.code
      order by "practicesAtRisk" desc, mismatched + unknown + unreachable + lines."left" desc, lines.code`.execute(
      this.db,
    );
    return rows;
  }

  /** People at the organisation and below it, those of practices at risk first. */
  async people(
    cascadeId: string,
    { code, kind }: Pick<OrganisationRow, 'code' | 'kind'>,
    leavers: readonly string[],
  ): Promise<PersonRow[]> {
    const { rows } = await sql<PersonRow>`
      with listed as (${listed(cascadeId, leavers)})
      select node.code as "organisationCode", node.name as "organisationName", node.at_risk_now as "atRisk",
        account.id as "accountId", account.first_name as "firstName", account.last_name as "lastName",
        account.email as "registeredAddress", coalesce(membership.roles, '{}') as roles, help.need
      from listed help
      join cascade_organisation node on node.cascade_id = ${cascadeId} and node.code = help.code
      join account on account.id = help.account_id
      left join membership on membership.account_id = help.account_id and membership.organisation_code = help.code
      where case ${kind}::text when 'region' then node.region_code = ${code}
          when 'commissioner' then node.commissioner_code = ${code} or node.moved_to = ${code}
          else node.code = ${code} end
      order by node.at_risk_now desc, node.code, account.id`.execute(this.db);
    return rows;
  }
}
