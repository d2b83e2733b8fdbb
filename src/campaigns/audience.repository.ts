import { Injectable } from '@nestjs/common';
import { type Kysely } from 'kysely';
import { type DirectoryTables } from '../directory/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type AudienceOrganisation } from './audience.rules.js';

/** What plans read of the directory. */
@Injectable()
export class AudienceRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<DirectoryTables>) {}

  /** Every organisation that some account works for, and all regions and commissioners, by code. */
  async organisations(): Promise<Map<string, AudienceOrganisation>> {
    const rows = await this.db
      .selectFrom('organisation')
      .select(['code', 'name', 'kind', 'status', 'region_code', 'commissioner_code'])
      .where((where) =>
        where.or([
          where('kind', 'in', ['region', 'commissioner']),
          where('is_gp_practice', '=', true),
          where.exists(
            where.selectFrom('membership').select('account_id').whereRef('organisation_code', '=', 'organisation.code'),
          ),
        ]),
      )
      .execute();
    return new Map(
      rows.map((row) => [
        row.code,
        {
          code: row.code,
          name: row.name,
          kind: row.kind,
          active: row.status === 'active',
          regionCode: row.region_code,
          commissionerCode: row.commissioner_code,
        },
      ]),
    );
  }
}
