import { Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { RequirePermission } from '../access/index.js';
import { TellingService } from '../cascades/index.js';
import { DeadlinesService } from '../deadlines/index.js';
import { Ledger } from '../delivery/index.js';
import { DirectoryService } from '../directory/index.js';
import {
  DirectoryPicture,
  DirectoryPictureRepository,
  READINESS_FILTERS,
  ReadinessService,
  SegmentsService,
} from '../segments/index.js';
import { parseOdsCode } from '../shared/ods-code.js';
import { NotFoundError } from '../shared/errors.js';
import { CascadeReads } from './cascade.reads.js';
import { barChart } from './chart.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { DirectoryReads, type NamedOrganisation } from './directory.reads.js';
import { type Frame, Pages } from './pages.js';

const PAGE = 50;

const listSchema = z.object({
  show: z.enum(READINESS_FILTERS).catch('at-risk'),
  region: z.string().max(10).optional().catch(undefined),
  page: z.coerce.number().int().min(1).max(10_000).catch(1),
});

const toldSchema = listSchema.pick({ page: true });

/** Practices, commissioners and regions: can they still be paid, who can do what there, and what were they told. */
@ConsoleController('practices')
@RequirePermission('directory:read')
export class PracticesController {
  constructor(
    private readonly reads: DirectoryReads,
    private readonly directory: DirectoryService,
    private readonly picture: DirectoryPicture,
    private readonly pictures: DirectoryPictureRepository,
    private readonly readiness: ReadinessService,
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
    @Query({ schema: listSchema }) { show, region: asked, page }: z.infer<typeof listSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const own = frame.principal.region;
    const region = own ?? asked;
    const standing = await this.picture.standing();
    const { rows, total } = await this.pictures.readiness(show, region || undefined, PAGE, (page - 1) * PAGE);
    const regions = (await this.reads.organisationsOf('region')).filter(
      ({ code }) => own === undefined || code === own,
    );
    const values = {
      title: 'Practices and commissioners',
      section: 'practices',
      show,
      region,
      regions,
      standing,
      rows,
      total,
      page,
      pages: Math.max(1, Math.ceil(total / PAGE)),
      plot: readinessChart(await this.pictures.practicesByRegion(), regions),
    };
    return this.pages.render('practices', values, frame);
  }

  @Get(':code')
  @Page()
  async show(
    @Param('code') text: string,
    @Query({ schema: toldSchema }) { page }: z.infer<typeof toldSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const code = parseOdsCode(text);
    if (!code) throw new NotFoundError('organisation-unknown', 'This is not the code of an organisation');
    const organisation = await this.directory.organisation(code, frame.principal.region);
    const above = [organisation.commissionerCode, organisation.regionCode].filter((each) => each !== null);
    const names = await this.reads.names(above);
    const below = organisation.kind === 'commissioner' ? await this.reads.practicesOf(code) : [];
    const accounts = organisation.kind === 'region' ? [] : await this.people(code);
    const known = await this.pictures.readinessOf([code, ...below.map((practice) => practice.code)]);
    const values = {
      title: organisation.name,
      section: 'practices',
      organisation,
      names: Object.fromEntries(names),
      // Of what the page shows of kept things, it says how old they are; its own people it asks afresh.
      standing: organisation.kind === 'practice' ? undefined : await this.picture.standing(),
      readiness: organisation.kind === 'region' ? known.get(code) : await this.readinessOf(code, accounts),
      accounts,
      declarations: await this.reads.declarations(code),
      waiting: frame.principal.permissions.includes('window:read') ? await this.waiting(code) : [],
      told: frame.principal.permissions.includes('message:read') ? await this.told(code, page) : undefined,
      cascades: frame.principal.permissions.includes('cascade:read') ? await this.cascades.of(code) : [],
      history: await this.directory.history(code),
      practices: below.map((practice) => ({ ...practice, readiness: known.get(practice.code) })),
    };
    return this.pages.render('practice', values, frame);
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

  private async readinessOf(code: string, accounts: Awaited<ReturnType<PracticesController['people']>>) {
    return this.readiness.readinessOf(
      code,
      accounts.flatMap(({ segment, organisations }) => (segment ? [{ segment, memberships: organisations }] : [])),
    );
  }

  /** Messages, what was passed on to it and what it said itself, newest first; what has not left yet in front. */
  private async told(code: string, page: number) {
    const found = (await this.ledger.told(code, { limit: PAGE + 1, offset: (page - 1) * PAGE })).map((message) => ({
      at: message.acceptedAt,
      message,
      step: null,
    }));
    const messages = found.slice(0, PAGE);
    // The first message of the next page parts the steps of this one from the steps of that.
    const [newest] = page === 1 ? [] : messages;
    const next = found[PAGE];
    const steps = (await this.tellings.steps(code))
      .map((step) => ({ at: step.at, message: null, step }))
      .filter(({ at }) => timeOf(at) <= timeOf(newest?.at ?? null) && timeOf(at) > (next ? timeOf(next.at) : 0));
    const names = await this.reads.names(steps.flatMap(({ step }) => step.by ?? []));
    const lines = [...messages, ...steps]
      .sort((a, b) => timeOf(b.at) - timeOf(a.at))
      .map((line) => ({ ...line, by: line.step?.by && (names.get(line.step.by) ?? line.step.by) }));
    return { lines, page, isLast: next === undefined };
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

/** What has not left yet stands in front. */
function timeOf(at: Date | null): number {
  return at?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function readinessChart(
  counts: Awaited<ReturnType<DirectoryPictureRepository['practicesByRegion']>>,
  regions: readonly NamedOrganisation[],
) {
  const points = regions.map(({ code, name }) => {
    const { practices = 0, atRisk = 0 } = counts.find(({ region }) => region === code) ?? {};
    return { label: titled(name), value: practices, alarm: atRisk };
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
