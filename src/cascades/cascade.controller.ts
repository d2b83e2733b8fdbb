import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, requireRegion, RequirePermission } from '../access/index.js';
import { type Config, InjectConfig, publicUrlOf } from '../platform/config/index.js';
import { ApiProblems, Idempotent } from '../platform/api/index.js';
import { inTwoTries } from '../platform/database/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import { Clock } from '../shared/clock.js';
import { type OdsCode, odsCodeSchema } from '../shared/ods-code.js';
import { sendTable } from './answer.controller.js';
import {
  answerBodySchema,
  answerResultSchema,
  cascadeIdSchema,
  cascadePageSchema,
  cascadeSchema,
  type CascadeView,
  cascadeView,
  coverageSchema,
  drillSchema,
  linkSchema,
  listQuerySchema,
  newLinkSchema,
  organisationSchema,
  type OrganisationView,
  organisationView,
  practicePageSchema,
  practiceQuerySchema,
  scoreSchema,
} from './cascade.api.js';
import { type AnswerResult, CascadeService } from './cascade.service.js';
import { type OrganisationRow } from './cascade.repository.js';
import { DrillService } from './drill.service.js';
import { ProofService } from './proof.service.js';
import { type CoverageRow, type PracticeRow } from './report.repository.js';
import { CascadeReports } from './report.service.js';
import { type StepScore } from './score.repository.js';
import { XLSX_TYPE } from './table.export.js';
import { WorklistService } from './worklist.service.js';

const HOUR = 3_600_000;

const FILE = { type: 'string', format: 'binary' } as const;

/** Cascades: how far they have come, answers for others, links, worklists and proof. */
@ApiTags('Cascades')
@ApiBearerAuth()
@Controller('api/v1/cascades')
export class CascadeController {
  constructor(
    private readonly cascades: CascadeService,
    private readonly drills: DrillService,
    private readonly reports: CascadeReports,
    private readonly worklists: WorklistService,
    private readonly proofs: ProofService,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Get()
  @RequirePermission('cascade:read')
  @ApiOperation({ summary: 'List cascades' })
  @ApiOkResponse({ standardSchema: cascadePageSchema, description: 'Newest first' })
  @ApiProblems(400)
  async list(
    @Query({ schema: listQuerySchema }) { cursor, limit }: z.infer<typeof listQuerySchema>,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<Page<CascadeView>> {
    const before = cursor && { frozenAt: new Date(cursor[0]), id: cursor[1] };
    const rows = await this.cascades.list(limit + 1, before, region);
    return pageOf(rows.map(cascadeView), limit, ({ frozenAt, id }) => [frozenAt, id]);
  }

  @Post('drills')
  @RequirePermission('cascade:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Start a rehearsal' })
  @ApiCreatedResponse({
    standardSchema: cascadeSchema,
    description: 'A rehearsal: an email without any content but a button, scored by how soon it is pressed',
  })
  @ApiProblems(400, 409, 413, 415)
  async drill(
    @Body({ schema: drillSchema }) { name, at, ...scope }: z.infer<typeof drillSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CascadeView> {
    const id = await this.drills.start(name, { ...scope, ...(at !== undefined && { at: new Date(at) }) }, principal);
    return cascadeView(await inTwoTries(() => this.cascades.get(id)));
  }

  @Get(':id/score')
  @RequirePermission('cascade:read')
  @ApiOperation({ summary: 'Say how fast each step of a rehearsal was taken' })
  @ApiOkResponse({ standardSchema: scoreSchema, description: 'How fast each step was taken, down the tree' })
  @ApiProblems(400, 404)
  async score(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<{ items: StepScore[] }> {
    return { items: await this.reports.score(id, region) };
  }

  @Get(':id')
  @RequirePermission('cascade:read')
  @ApiOperation({ summary: 'Show a cascade' })
  @ApiOkResponse({ standardSchema: cascadeSchema })
  @ApiProblems(400, 404)
  async get(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<CascadeView> {
    return cascadeView(await this.cascades.visible(id, region));
  }

  @Get(':id/coverage')
  @RequirePermission('cascade:read')
  @ApiOperation({ summary: 'Say how far a cascade has come, by region and commissioner' })
  @ApiOkResponse({
    standardSchema: coverageSchema,
    description: 'The nation, then each region with its commissioners; for one region, that part alone',
  })
  @ApiProblems(400, 404)
  async coverage(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<{ items: CoverageRow[] }> {
    return { items: await this.reports.coverage(id, region) };
  }

  @Get(':id/coverage.csv')
  @RequirePermission('cascade:read')
  @ApiOperation({ summary: 'Download the coverage as a table' })
  @ApiOkResponse({ description: 'The coverage as a table', content: { 'text/csv': { schema: { type: 'string' } } } })
  @ApiProblems(400, 404)
  async coverageCsv(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @CurrentPrincipal() { region }: Principal,
    @Res() response: Response,
  ): Promise<void> {
    sendTable(response, 'csv', 'coverage', await this.reports.coverageExport(id, region));
  }

  @Get(':id/coverage.xlsx')
  @RequirePermission('cascade:read')
  @ApiOperation({ summary: 'Download the coverage as a workbook' })
  @ApiOkResponse({ description: 'The coverage as a workbook', content: { [XLSX_TYPE]: { schema: FILE } } })
  @ApiProblems(400, 404)
  async coverageWorkbook(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @CurrentPrincipal() { region }: Principal,
    @Res() response: Response,
  ): Promise<void> {
    sendTable(response, 'xlsx', 'coverage', await this.reports.coverageExport(id, region));
  }

  @Get(':id/practices')
  @RequirePermission('cascade:read')
  @ApiOperation({ summary: 'List the practices of a cascade' })
  @ApiOkResponse({ standardSchema: practicePageSchema, description: 'In code order' })
  @ApiProblems(400, 403, 404)
  async practices(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @Query({ schema: practiceQuerySchema }) query: z.infer<typeof practiceQuerySchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<PracticeRow>> {
    const { limit, cursor, commissioner, coverage } = query;
    if (query.region !== undefined) requireRegion(principal, query.region);
    const region = query.region ?? principal.region;
    await this.cascades.visible(id, principal.region);
    const rows = await this.reports.practices(id, {
      limit: limit + 1,
      ...(cursor !== undefined && { after: cursor }),
      ...(region !== undefined && { regionCode: region }),
      ...(commissioner !== undefined && { commissionerCode: commissioner }),
      ...(coverage !== undefined && { coverage }),
    });
    return pageOf(rows, limit, ({ code }) => code);
  }

  @Get(':id/organisations/:code')
  @RequirePermission('cascade:read')
  @ApiOperation({ summary: 'Show an organisation of a cascade with its steps' })
  @ApiOkResponse({ standardSchema: organisationSchema, description: 'With every step, oldest first' })
  @ApiProblems(400, 403, 404)
  async organisation(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @Param('code', { schema: odsCodeSchema }) code: OdsCode,
    @CurrentPrincipal() principal: Principal,
  ): Promise<OrganisationView> {
    return organisationView(await this.ownRegion(id, code, principal), await this.cascades.steps(id, code));
  }

  @Post(':id/organisations/:code/answers')
  @RequirePermission('cascade:operate')
  @HttpCode(200)
  @Idempotent()
  @ApiOperation({ summary: 'Record what an organisation answered otherwise' })
  @ApiOkResponse({
    standardSchema: answerResultSchema,
    description: 'Records what an organisation said by other means',
  })
  @ApiProblems(400, 404, 409, 413, 415)
  async answer(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @Param('code', { schema: odsCodeSchema }) code: OdsCode,
    @Body({ schema: answerBodySchema }) { answer, below, reason }: z.infer<typeof answerBodySchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<AnswerResult> {
    await this.ownRegion(id, code, principal);
    return this.cascades.answer({
      cascadeId: id,
      organisation: code,
      answer,
      ...(below && { below }),
      ...(reason !== undefined && { reason }),
      actor: principal.id,
    });
  }

  @Post(':id/organisations/:code/links')
  @RequirePermission('cascade:operate')
  @Idempotent()
  @ApiOperation({ summary: "Make a link to an organisation's page" })
  @ApiCreatedResponse({ standardSchema: linkSchema })
  @ApiProblems(400, 404, 409, 413, 415)
  async link(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @Param('code', { schema: odsCodeSchema }) code: OdsCode,
    @Body({ schema: newLinkSchema }) { purpose, hours }: z.infer<typeof newLinkSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof linkSchema>> {
    await this.ownRegion(id, code, principal);
    // Links count in whole seconds.
    const until =
      hours === undefined ? undefined : new Date(Math.floor((this.clock.now().getTime() + hours * HOUR) / 1000) * 1000);
    const { path, expiresAt } = await this.cascades.link(id, code, purpose, until);
    const pages = publicUrlOf(this.config);
    return { url: new URL(path, pages).href, expiresAt: expiresAt.toISOString() };
  }

  @Post(':id/organisations/:code/links/revocation')
  @RequirePermission('cascade:operate')
  @HttpCode(204)
  @Idempotent()
  @ApiOperation({ summary: 'Revoke the links of an organisation' })
  @ApiNoContentResponse({ description: 'Every link of the organisation that is out has stopped working' })
  @ApiProblems(400, 404, 409)
  async revoke(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @Param('code', { schema: odsCodeSchema }) code: OdsCode,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.ownRegion(id, code, principal);
    await this.cascades.revokeLinks(id, code, principal.id);
  }

  @Get(':id/organisations/:code/people.xlsx')
  @RequirePermission('directory:read')
  @ApiOperation({ summary: 'Download the people to help as a workbook' })
  @ApiOkResponse({
    description: 'The worklist with names, as a workbook',
    content: { [XLSX_TYPE]: { schema: FILE } },
  })
  @ApiProblems(400, 403, 404)
  async people(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @Param('code', { schema: odsCodeSchema }) code: OdsCode,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.ownRegion(id, code, principal);
    sendTable(response, 'xlsx', `worklist-${code}`, await this.worklists.peopleExport(id, code));
  }

  @Get(':id/organisations/:code/proof.zip')
  @RequirePermission('message:read')
  @ApiOperation({ summary: 'Download the proof that an organisation was told' })
  @ApiOkResponse({ description: 'The proof pack', content: { 'application/zip': { schema: FILE } } })
  @ApiProblems(400, 403, 404)
  async proof(
    @Param('id', { schema: cascadeIdSchema }) id: string,
    @Param('code', { schema: odsCodeSchema }) code: OdsCode,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.ownRegion(id, code, principal);
    const pack = await this.proofs.pack(id, code, principal.id);
    response.type('application/zip').attachment(`proof-${code}.zip`).send(pack);
  }

  private async ownRegion(id: string, code: string, principal: Principal): Promise<OrganisationRow> {
    const organisation = await this.cascades.organisation(id, code);
    requireRegion(principal, organisation.region_code);
    return organisation;
  }
}
