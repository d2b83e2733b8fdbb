import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import {
  IMPORT_FILE,
  type ImportReport,
  importQuerySchema,
  importReportSchema,
  shownReport,
} from '../directory/index.js';
import { ApiProblems, FileFromBody, Idempotent, ReceivedFile, ReceivesFile } from '../platform/api/index.js';
import { wireForm } from '../platform/http/index.js';
import { DeclarationFeed, type DeclarationFeedReport } from './declaration.feed.js';
import { declarationFeedSchema, feedReportSchema } from './window.api.js';

/** What the CQRS platform reports about declarations. */
@ApiTags('Declarations')
@ApiBearerAuth()
@RequirePermission('status:report')
@Controller('api/v1')
@WholeCountry()
export class DeclarationController {
  constructor(private readonly feed: DeclarationFeed) {}

  @Post('declarations')
  @HttpCode(200)
  @Idempotent()
  @ApiOperation({
    summary: 'Report where declarations stand',
    description: 'All or none are taken. The newest updatedAt wins, in whatever order reports arrive.',
  })
  @ApiOkResponse({ standardSchema: feedReportSchema })
  @ApiProblems(400, 409, 413, 415)
  async report(
    @Body({ schema: declarationFeedSchema }) { declarations }: z.infer<typeof declarationFeedSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DeclarationFeedReport> {
    return this.feed.applyDeclarations(wireForm(declarationFeedSchema, { declarations }).declarations, principal.id);
  }

  @Post('declarations/import')
  @HttpCode(200)
  @Idempotent()
  @ReceivesFile({ ...IMPORT_FILE, description: 'One CSV file or XLSX workbook' })
  @ApiOperation({ summary: 'Import a file of declaration statuses', description: 'All or nothing, as other imports.' })
  @ApiOkResponse({ standardSchema: importReportSchema })
  @ApiProblems(400, 409, 413, 415)
  async import(
    @Query({ schema: importQuerySchema }) { dryRun, ...allowed }: z.infer<typeof importQuerySchema>,
    @FileFromBody() { path }: ReceivedFile,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ImportReport> {
    return shownReport(await this.feed.importDeclarations(path, { actor: principal.id, dryRun, ...allowed }));
  }
}
