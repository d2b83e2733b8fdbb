import { Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { CsrfToken, CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { TellingService } from '../cascades/index.js';
import { DeadlinesService } from '../deadlines/index.js';
import { Ledger } from '../delivery/index.js';
import { DirectoryService } from '../directory/index.js';
import { type Readiness, SegmentsService } from '../segments/index.js';
import { parseOdsCode } from '../shared/ods-code.js';
import { NotFoundError } from '../shared/errors.js';
import { CascadeReads } from './cascade.reads.js';
import { barChart } from './chart.js';
import { ConsoleController, Page } from './console-routes.js';
import { DirectoryPicture } from './directory.picture.js';
import { DirectoryReads, type NamedOrganisation } from './directory.reads.js';
import { Pages } from './pages.js';

const PAGE = 50;

const FILTERS = {
  'at-risk': (row: Readiness) => row.kind === 'practice' && row.atRisk,
  unconfirmed: (row: Readiness) => row.kind === 'practice' && row.reliesOnUnconfirmed,
  'commissioners-at-risk': (row: Readiness) => row.kind === 'commissioner' && row.atRisk,
  commissioners: (row: Readiness) => row.kind === 'commissioner',
  all: (row: Readiness) => row.kind === 'practice',
} as const;
type Filter = keyof typeof FILTERS;

const listSchema = z.object({
  show: z.enum(Object.keys(FILTERS) as [Filter, ...Filter[]]).catch('at-risk'),
  region: z.string().max(10).optional().catch(undefined),
  page: z.coerce.number().int().min(1).max(10_000).catch(1),
});

/** Practices, commissioners and regions: can they still be paid, who can do what there, and what were they told. */
@ConsoleController('practices')
@RequirePermission('directory:read')
export class PracticesController {
  constructor(
    private readonly reads: DirectoryReads,
    private readonly directory: DirectoryService,
    private readonly picture: DirectoryPicture,
    private readonly segments: SegmentsService,
    private readonly deadlines: DeadlinesService,
    private readonly ledger: Ledger,
    private readonly tellings: TellingService,
    private readonly cascades: CascadeReads,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(
    @Query({ schema: listSchema }) { show, region, page }: z.infer<typeof listSchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
  ): Promise<string> {
    const { readiness } = await this.picture.current();
    const regionOf = await this.reads.regionCodes();
    const wanted = readiness.filter(
      (row) => FILTERS[show](row) && (!region || regionOf.get(row.organisation) === region),
    );
    const rows = wanted.slice((page - 1) * PAGE, page * PAGE);
    const names = await this.reads.names(rows.map(({ organisation }) => organisation));
    const regions = await this.reads.organisationsOf('region');
    const values = {
      title: 'Practices and commissioners',
      section: 'practices',
      show,
      region,
      regions,
      rows: rows.map((row) => ({ ...row, name: names.get(row.organisation) ?? row.organisation })),
      total: wanted.length,
      page,
      pages: Math.max(1, Math.ceil(wanted.length / PAGE)),
      plot: readinessChart(readiness, regions, regionOf),
    };
    return this.pages.render('practices', values, { principal, csrf });
  }

  @Get(':code')
  @Page()
  async show(
    @Param('code') text: string,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
  ): Promise<string> {
    const code = parseOdsCode(text);
    if (!code) throw new NotFoundError('organisation-unknown', 'This is not the code of an organisation');
    const organisation = await this.directory.organisation(code);
    const { readinessOf } = await this.picture.current();
    const above = [organisation.commissionerCode, organisation.regionCode].filter((each) => each !== null);
    const names = await this.reads.names(above);
    const below = organisation.kind === 'commissioner' ? await this.reads.practicesOf(code) : [];
    const values = {
      title: organisation.name,
      section: 'practices',
      organisation,
      names: Object.fromEntries(names),
      readiness: readinessOf.get(code),
      accounts: organisation.kind === 'region' ? [] : await this.people(code),
      declarations: await this.reads.declarations(code),
      waiting: principal.permissions.includes('window:read') ? await this.waiting(code) : [],
      told: principal.permissions.includes('message:read') ? await this.told(code) : undefined,
      cascades: principal.permissions.includes('cascade:read') ? await this.cascades.of(code) : [],
      history: await this.directory.history(code),
      practices: below.map((practice) => ({ ...practice, readiness: readinessOf.get(practice.code) })),
    };
    return this.pages.render('practice', values, { principal, csrf });
  }

  /** Who works there, with the group that says whether they can sign in and what they may do in this organisation. */
  private async people(code: string) {
    const accounts = await this.reads.accountsOf(code);
    const results = await this.segments.classify(accounts.map(({ id }) => id));
    const segmentOf = new Map(results.map(({ accountId, segment }) => [accountId, segment]));
    return accounts.map((account) => ({
      ...account,
      segment: segmentOf.get(account.id),
      roles: account.organisations.find((membership) => membership.code === code)?.roles ?? [],
    }));
  }

  /** Messages, what was passed on to it and what it said itself, newest first; what has not left yet in front. */
  private async told(code: string) {
    const messages = (await this.ledger.told(code)).map((message) => ({ at: message.acceptedAt, message, step: null }));
    const steps = (await this.tellings.told(code))
      .filter(({ kind }) => kind === 'step')
      .map((step) => ({ at: step.at, message: null, step }));
    const names = await this.reads.names(steps.flatMap(({ step }) => step.by ?? []));
    return [...messages, ...steps]
      .sort((a, b) => (b.at?.getTime() ?? Number.MAX_SAFE_INTEGER) - (a.at?.getTime() ?? Number.MAX_SAFE_INTEGER))
      .map((line) => ({ ...line, by: line.step?.by && (names.get(line.step.by) ?? line.step.by) }));
  }

  /** In which coming rounds a payment of the organisation waits, and for whom. */
  private async waiting(code: string) {
    const windows = await this.deadlines.openWindows();
    const rounds = await Promise.all(
      windows.map(async (window) => ({
        window,
        blockers: await this.deadlines.blockersOf(code, window.id),
      })),
    );
    return rounds.flatMap(({ window, blockers }) => blockers.map((blocker) => ({ window, ...blocker })));
  }
}

function readinessChart(
  readiness: readonly Readiness[],
  regions: readonly NamedOrganisation[],
  regionOf: ReadonlyMap<string, string | null>,
) {
  const practices = readiness.filter(({ kind }) => kind === 'practice');
  const points = regions.map(({ code, name }) => {
    const inRegion = practices.filter(({ organisation }) => regionOf.get(organisation) === code);
    return { label: titled(name), value: inRegion.length, alarm: inRegion.filter(({ atRisk }) => atRisk).length };
  });
  const names = { label: 'Region', value: 'Practices', alarm: 'At risk' };
  return barChart(
    'Practices at risk of missing payment, by region',
    names,
    points.filter(({ value }) => value > 0),
  );
}

/** ODS writes names in capitals: "NORTH WEST COMMISSIONING REGION". */
function titled(name: string): string {
  return name
    .replace(/ COMMISSIONING REGION$/i, '')
    .replace(/\w+/g, (word) => word.charAt(0) + word.slice(1).toLowerCase());
}
