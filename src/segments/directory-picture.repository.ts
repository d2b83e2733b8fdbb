import { Injectable } from '@nestjs/common';
import { type JSONColumnType, type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type Readiness } from './readiness.rules.js';
import { type Segment } from './segment.types.js';

interface PictureTables {
  directory_picture: {
    only_row: boolean;
    version: number;
    drawn_at: Date;
    segments: JSONColumnType<Record<Segment, number>>;
  };
  directory_picture_readiness: { organisation: string };
  directory_picture_worklist: { segment: string; account_id: string };
}

export interface PictureHead {
  /** The newest import that it knows of. */
  readonly version: number;
  readonly drawnAt: Date;
  readonly segments: Readonly<Record<Segment, number>>;
}

/** Everybody, as of one import. */
export interface Picture extends PictureHead {
  readonly readiness: readonly Readiness[];
  /** Ids of the accounts that somebody has to look at. */
  readonly worklists: ReadonlyMap<Segment, readonly string[]>;
}

const FILTERS = {
  'at-risk': sql`kind = 'practice' and at_risk`,
  unconfirmed: sql`kind = 'practice' and relies_on_unconfirmed`,
  'commissioners-at-risk': sql`kind = 'commissioner' and at_risk`,
  commissioners: sql`kind = 'commissioner'`,
  all: sql`kind = 'practice'`,
} as const;
export type ReadinessFilter = keyof typeof FILTERS;
export const READINESS_FILTERS = Object.keys(FILTERS) as [ReadinessFilter, ...ReadinessFilter[]];

/** As the table keeps it: what only regions have is null for everybody else. */
export type KeptReadiness = Omit<Readiness, 'practicesAtRisk' | 'commissionersAtRisk'> & {
  readonly practicesAtRisk: number | null;
  readonly commissionersAtRisk: number | null;
};
export type NamedReadiness = KeptReadiness & { readonly name: string };

/** Which rows a program asks for, all of them by default, after one that it has. */
export interface ReadinessSelection {
  readonly kind?: Readiness['kind'] | undefined;
  readonly atRisk?: boolean | undefined;
  readonly region?: string | undefined;
  readonly after?: Pick<Readiness, 'atRisk' | 'organisation'> | undefined;
}

const READINESS = sql`r.organisation, r.kind, r.at_risk as "atRisk", r.can_sign_in as "canSignIn",
  r.can_declare as "canDeclare", r.can_approve as "canApprove",
  r.can_financially_approve as "canFinanciallyApprove", r.relies_on_unconfirmed as "reliesOnUnconfirmed",
  r.practices_at_risk as "practicesAtRisk", r.commissioners_at_risk as "commissionersAtRisk"`;

/** The kept picture: see the migration for what it is. */
@Injectable()
export class DirectoryPictureRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<PictureTables>) {}

  async head(): Promise<PictureHead | undefined> {
    return this.db
      .selectFrom('directory_picture')
      .select(['version', 'drawn_at as drawnAt', 'segments'])
      .executeTakeFirst();
  }

  /** Replaces the kept picture whole, unless that one knows of a newer import. */
  async keep({ version, drawnAt, segments, readiness, worklists }: Picture): Promise<void> {
    await this.db.transaction().execute(async (trx) => {
      const kept = { version, drawn_at: drawnAt, segments: JSON.stringify(segments) };
      const { numInsertedOrUpdatedRows = 0n } = await trx
        .insertInto('directory_picture')
        .values({ only_row: true, ...kept })
        .onConflict((conflict) =>
          conflict.column('only_row').doUpdateSet(kept).where('directory_picture.version', '<=', version),
        )
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return;
      await trx.deleteFrom('directory_picture_readiness').execute();
      await sql`
        insert into directory_picture_readiness
        select * from json_to_recordset(${JSON.stringify(readiness)}) as r (organisation text, kind text, "atRisk" boolean,
          "canSignIn" int, "canDeclare" int, "canApprove" int, "canFinanciallyApprove" int,
          "reliesOnUnconfirmed" boolean, "practicesAtRisk" int, "commissionersAtRisk" int)`.execute(trx);
      await trx.deleteFrom('directory_picture_worklist').execute();
      for (const [segment, ids] of worklists) {
        await sql`insert into directory_picture_worklist
          select ${segment}, id from unnest(${[...ids]}::text[]) as id`.execute(trx);
      }
    });
  }

  /** Those at risk first, then by code; and how many there are in all. */
  async readiness(
    filter: ReadinessFilter,
    region: string | undefined,
    limit: number,
    offset: number,
  ): Promise<{ rows: NamedReadiness[]; total: number }> {
    const matching = sql`
      from directory_picture_readiness r join organisation on organisation.code = r.organisation
      where r.${FILTERS[filter]} and (${region ?? null}::text is null or organisation.region_code = ${region ?? null})`;
    const { rows } = await sql<NamedReadiness>`
      select ${READINESS}, organisation.name ${matching}
      order by r.at_risk desc, r.organisation collate "C" limit ${limit} offset ${offset}`.execute(this.db);
    const { rows: counts } = await sql<{ total: number }>`select count(*)::int as total ${matching}`.execute(this.db);
    return { rows, total: counts[0]?.total ?? 0 };
  }

  /** Those at risk first, then by code. */
  async readinessAfter({ kind, atRisk, region, after }: ReadinessSelection, limit: number): Promise<KeptReadiness[]> {
    const conditions = [
      sql`true`,
      ...(kind === undefined ? [] : [sql`r.kind = ${kind}`]),
      ...(atRisk === undefined ? [] : [sql`r.at_risk = ${atRisk}`]),
      ...(region === undefined
        ? []
        : [sql`r.organisation in (select code from organisation where ${region} in (code, region_code))`]),
      ...(after
        ? [sql`(not r.at_risk, r.organisation collate "C") > (not ${after.atRisk}::boolean, ${after.organisation})`]
        : []),
    ];
    const { rows } = await sql<KeptReadiness>`
      select ${READINESS} from directory_picture_readiness r where ${sql.join(conditions, sql` and `)}
      order by not r.at_risk, r.organisation collate "C" limit ${limit}`.execute(this.db);
    return rows;
  }

  async readinessOf(codes: readonly string[]): Promise<Map<string, KeptReadiness>> {
    const { rows } = await sql<KeptReadiness>`
      select ${READINESS} from directory_picture_readiness r
      where organisation = any(${[...codes]}::text[])`.execute(this.db);
    return new Map(rows.map((row) => [row.organisation, row]));
  }

  async practicesByRegion(): Promise<{ region: string | null; practices: number; atRisk: number }[]> {
    const { rows } = await sql<{ region: string | null; practices: number; atRisk: number }>`
      select region_code as region, count(*)::int as practices, (count(*) filter (where at_risk))::int as "atRisk"
      from directory_picture_readiness r join organisation on organisation.code = r.organisation
      where r.kind = 'practice' group by 1`.execute(this.db);
    return rows;
  }

  /** Of one region or of all. */
  async risk(region?: string): Promise<{ practices: number; atRisk: number; commissioners: number }> {
    const { rows } = await sql<{ practices: number; atRisk: number; commissioners: number }>`
      select (count(*) filter (where r.kind = 'practice'))::int as practices,
        (count(*) filter (where r.kind = 'practice' and at_risk))::int as "atRisk",
        (count(*) filter (where r.kind = 'commissioner' and at_risk))::int as commissioners
      from directory_picture_readiness r join organisation on organisation.code = r.organisation
      where ${region ?? null}::text is null or organisation.region_code = ${region ?? null}`.execute(this.db);
    return rows[0] ?? { practices: 0, atRisk: 0, commissioners: 0 };
  }

  /** Ids of the accounts of a worklist, in order, of one region or of all; and how many there are in all. */
  async worklist(
    segment: Segment,
    region: string | undefined,
    limit: number,
    offset: number,
  ): Promise<{ ids: string[]; total: number }> {
    const ofRegion =
      region === undefined
        ? sql``
        : sql`and exists (select from membership join organisation on organisation.code = membership.organisation_code
            where membership.account_id = listed.account_id and ${region} in (organisation.code, organisation.region_code))`;
    const listed = sql`from directory_picture_worklist listed where segment = ${segment} ${ofRegion}`;
    const { rows } = await sql<{ id: string }>`
      select account_id as id ${listed} order by account_id limit ${limit} offset ${offset}`.execute(this.db);
    const { rows: counts } = await sql<{ total: number }>`select count(*)::int as total ${listed}`.execute(this.db);
    return { ids: rows.map(({ id }) => id), total: counts[0]?.total ?? 0 };
  }
}
