import { Get, Param, Query, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { CascadeReports, COVERAGES, toCsv, toWorkbook, XLSX_TYPE } from '../cascades/index.js';
import { DeadlinesService } from '../deadlines/index.js';
import { Clock } from '../shared/clock.js';
import { odsCodeSchema } from '../shared/ods-code.js';
import { CascadeOrganisationView } from './cascade-organisation.view.js';
import { CascadeReads } from './cascade.reads.js';
import { CascadeView, stateOf } from './cascade.view.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { searchText } from './form.text.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';

const PAGE = 50;
const SILENT_SHOWN = 10;
const FOUND = 30;

const idSchema = z.uuid();
const listSchema = z.object({
  before: z.iso.datetime().optional().catch(undefined),
  id: z.uuid().optional().catch(undefined),
});
const pageSchema = z.object({ page: z.coerce.number().int().min(1).max(1_000).catch(1) });
const organisationSchema = z.object({
  coverage: z.enum(COVERAGES).optional().catch(undefined),
  after: odsCodeSchema.optional().catch(undefined),
});
const practicesSchema = z.object({
  coverage: z.enum(COVERAGES).optional().catch(undefined),
  risk: z.enum(['yes']).optional().catch(undefined),
  after: odsCodeSchema.optional().catch(undefined),
});
const findSchema = z.object({ text: searchText });

/** Cascades: how far each has come, from the country down to one practice. */
@ConsoleController('cascades')
@RequirePermission('cascade:read')
export class CascadesController {
  constructor(
    private readonly reports: CascadeReports,
    private readonly view: CascadeView,
    private readonly reads: CascadeReads,
    private readonly organisations: CascadeOrganisationView,
    private readonly deadlines: DeadlinesService,
    private readonly clock: Clock,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(
    @Query({ schema: listSchema }) { before, id }: z.infer<typeof listSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const place = before !== undefined && id !== undefined ? { frozenAt: new Date(before), id } : undefined;
    const now = this.clock.now();
    const rows = await this.reads.list(now, frame.principal.region, PAGE + 1, place);
    const lines = rows.slice(0, PAGE).map((line) => ({ ...line, state: stateOf(line, now) }));
    const last = rows.length > PAGE ? lines.at(-1) : undefined;
    const next = last && new URLSearchParams({ before: last.frozenAt.toISOString(), id: last.id }).toString();
    const [simulated] = await this.deadlines.openWindows();
    const values = { title: 'Cascades', section: 'cascades', lines, next, simulated };
    return this.pages.render('cascades', values, frame);
  }

  @Get(':id')
  @Page()
  async show(
    @Param('id', { schema: idSchema }) id: string,
    @Done() notice: string | undefined,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const cascade = await this.view.cascade(id, frame.principal);
    const { region } = frame.principal;
    const [overview, score, silent, steps] = await Promise.all([
      this.view.overview(cascade, frame.principal),
      cascade.campaign_id === null ? this.reports.score(id, region) : undefined,
      this.view.silent(cascade, frame.principal, { limit: SILENT_SHOWN }),
      this.reads.steps(id, region === undefined ? { kind: 'region' } : { region }),
    ]);
    const about = { title: cascade.name, section: 'cascades', notice };
    const values = { ...about, ...overview, score, silent, steps };
    return this.pages.render('cascade', values, frame);
  }

  @Get(':id/silent')
  @Page()
  async silent(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: pageSchema }) { page }: z.infer<typeof pageSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const cascade = await this.view.cascade(id, frame.principal);
    const silent = await this.view.silent(cascade, frame.principal, { limit: PAGE, from: (page - 1) * PAGE });
    const title = `Silent steps of ${cascade.name}`;
    const values = { title, section: 'cascades', cascade, silent, page, isLate: this.clock.now() > cascade.answer_by };
    return this.pages.render('cascade-silent', values, frame);
  }

  @Get(':id/practices')
  @Page()
  async practices(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: practicesSchema }) { coverage, risk, after }: z.infer<typeof practicesSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const cascade = await this.view.cascade(id, frame.principal);
    const filter = {
      ...(risk && { atRisk: true }),
      ...(frame.principal.region && { regionCode: frame.principal.region }),
    };
    const practices = await this.organisations.practices(cascade, { coverage, after, ...filter });
    const query = new URLSearchParams({ ...(coverage && { coverage }), ...(risk && { risk }) }).toString();
    const values = {
      title: 'Practices of this cascade',
      section: 'cascades',
      cascade,
      coverage,
      risk,
      query,
      practices,
    };
    return this.pages.render('cascade-practices', { ...values, coverages: COVERAGES }, frame);
  }

  @Get(':id/find')
  @Page()
  async find(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: findSchema }) { text }: z.infer<typeof findSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const cascade = await this.view.cascade(id, frame.principal);
    const rows = text === '' ? [] : await this.reads.find(id, text, frame.principal.region, FOUND);
    const values = { title: 'Find an organisation', section: 'cascades', cascade, text, rows, limit: FOUND };
    return this.pages.render('cascade-find', values, frame);
  }

  @Get(':id/coverage.csv')
  async csv(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() { region }: Principal,
    @Res() response: Response,
  ): Promise<void> {
    response
      .type('text/csv; charset=utf-8')
      .attachment('coverage.csv')
      .send(toCsv(await this.reports.coverageExport(id, region)));
  }

  @Get(':id/coverage.xlsx')
  async xlsx(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() { region }: Principal,
    @Res() response: Response,
  ): Promise<void> {
    const file = toWorkbook(await this.reports.coverageExport(id, region));
    response.type(XLSX_TYPE).attachment('coverage.xlsx').send(file);
  }

  @Get(':id/organisations/:code')
  @Page()
  async organisation(
    @Param('id', { schema: idSchema }) id: string,
    @Param('code', { schema: odsCodeSchema }) code: string,
    @Done() notice: string | undefined,
    @Query({ schema: organisationSchema }) query: z.infer<typeof organisationSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const cascade = await this.view.cascade(id, frame.principal);
    const organisation = await this.view.organisation(id, code, frame.principal);
    const values = {
      title: organisation.name,
      section: 'cascades',
      notice,
      cascade,
      organisation,
      ...(await this.organisations.of(cascade, organisation, query, frame.principal)),
    };
    return this.pages.render('cascade-organisation', values, frame);
  }
}
