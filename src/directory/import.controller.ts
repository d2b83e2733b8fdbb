import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { ApiProblems, FileFromBody, Idempotent, ReceivedFile, ReceivesFile } from '../platform/api/index.js';
import { type Page, pageOf, wholeNumber } from '../platform/http/index.js';
import {
  IMPORT_FILE,
  importPageQuerySchema,
  importPageSchema,
  importQuerySchema,
  importReportSchema,
  importUndoneSchema,
} from './directory.api.js';
import { type ImportBatch } from './directory.repository.js';
import { DirectoryService } from './directory.service.js';
import { type ImportReport, shownReport } from './import.report.js';
import { ImportService } from './import.service.js';
import { ImportUndo } from './import.undo.js';

const kindSchema = z.enum(['organisations', 'accounts', 'nhsmail', 'no-nhsmail']).meta({ id: 'DirectoryFileKind' });
const idSchema = wholeNumber(1, Number.MAX_SAFE_INTEGER);

/** Files into the directory: each whole, or not at all. */
@ApiTags('Directory')
@ApiBearerAuth()
@Controller('api/v1/imports')
export class ImportController {
  constructor(
    private readonly imports: ImportService,
    private readonly undos: ImportUndo,
    private readonly directory: DirectoryService,
  ) {}

  @Get()
  @RequirePermission('directory:read')
  @ApiOperation({ summary: 'List imports that were applied' })
  @ApiOkResponse({ standardSchema: importPageSchema, description: 'Newest first' })
  @ApiProblems(400)
  async list(
    @Query({ schema: importPageQuerySchema }) { limit, cursor }: z.infer<typeof importPageQuerySchema>,
  ): Promise<Page<ImportBatch>> {
    return pageOf(await this.directory.imports(limit + 1, cursor), limit, ({ id }) => id);
  }

  @Post(':id/undo')
  @WholeCountry()
  @HttpCode(200)
  @RequirePermission('directory:import')
  @Idempotent()
  @ApiOperation({
    summary: 'Undo the last import of its kind',
    description:
      'All or nothing: what it added goes, what it changed or marked as gone is as it was before. Refused (409) when a later import of the same kind stands, for one that changed nothing (which stands in no other one’s way), and for declaration status. Approved campaigns keep what they froze.',
  })
  @ApiOkResponse({ standardSchema: importUndoneSchema })
  @ApiProblems(400, 404, 409)
  async undo(
    @Param('id', { schema: idSchema }) id: number,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof importUndoneSchema>> {
    return { batchId: await this.undos.undo(id, principal.id) };
  }

  @Post(':kind')
  @WholeCountry()
  @HttpCode(200)
  @RequirePermission('directory:import')
  @Idempotent()
  @ReceivesFile({ ...IMPORT_FILE, description: 'One CSV file or XLSX workbook' })
  @ApiOperation({
    summary: 'Import a file',
    description:
      'All or nothing: with any fault nothing is changed and every fault is listed. With dryRun it only says what would change.',
  })
  @ApiOkResponse({ standardSchema: importReportSchema })
  @ApiProblems(400, 409, 413, 415)
  async import(
    @Param('kind', { schema: kindSchema }) kind: z.infer<typeof kindSchema>,
    @Query({ schema: importQuerySchema }) { dryRun, ...allowed }: z.infer<typeof importQuerySchema>,
    @FileFromBody() { path }: ReceivedFile,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ImportReport> {
    return shownReport(await this.imports.importFile(kind, path, { actor: principal.id, dryRun, ...allowed }));
  }
}
