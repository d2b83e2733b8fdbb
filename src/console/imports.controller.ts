import { Body, Get, Param, Post, Query, Res, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { type Response } from 'express';
import { z } from 'zod';
import { type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { DeclarationFeed } from '../deadlines/index.js';
import {
  DirectoryService,
  IMPORT_KINDS,
  type ImportKind,
  type ImportReport,
  type ImportRequest,
  ImportService,
  ImportUndo,
} from '../directory/index.js';
import { unlessDatabaseTrouble } from '../platform/database/index.js';
import { DirectoryPicture } from '../segments/index.js';
import { AppError, ForbiddenError, NotFoundError } from '../shared/errors.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, refusal, refusalOf } from './form.faults.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';
import { SendingReads } from './sending.reads.js';
import { UploadFolder, uploadStorage } from './upload.folder.js';
import { type Checked, UploadStore } from './upload.store.js';

/** A million accounts are about 150 MB of CSV. */
const LARGEST_UPLOAD = 256 * 1024 * 1024;
const PAGE = 25;
const FAULTS_SHOWN = 200;

const listSchema = z.object({ before: z.coerce.number().int().positive().optional().catch(undefined) });
const uploadSchema = z.object({ kind: z.enum(IMPORT_KINDS).optional().catch(undefined) });
const batchSchema = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const ticked = z.literal('yes').optional().catch(undefined);
const applySchema = z.object({ shrink: ticked, changes: ticked });
/** The box that allows an import which is refused as doubtful. */
const ALLOWED_IN: Readonly<Record<string, string>> = { 'import-shrinks': 'shrink', 'import-mixed-up': 'changes' };
const DOUBTFUL = 'Nothing was imported. If the file is right, say so by ticking the box';

interface Upload {
  readonly path: string;
  readonly originalname: string;
}

/** Files: checked first, and imported only after somebody has seen what they would change. */
@ConsoleController('imports')
@RequirePermission('directory:read')
export class ImportsController {
  constructor(
    private readonly directory: DirectoryService,
    private readonly imports: ImportService,
    private readonly undos: ImportUndo,
    private readonly declarations: DeclarationFeed,
    private readonly uploads: UploadStore,
    private readonly picture: DirectoryPicture,
    private readonly sending: SendingReads,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(
    @Done() notice: string | undefined,
    @Query({ schema: listSchema }) { before }: z.infer<typeof listSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    return this.page(frame, { notice, before });
  }

  @Post()
  @RequirePermission('directory:import')
  @WholeCountry()
  @UseInterceptors(
    UploadFolder,
    FileInterceptor('file', { storage: uploadStorage, limits: { fileSize: LARGEST_UPLOAD, files: 1 } }),
  )
  async upload(
    @Body({ schema: uploadSchema }) { kind }: z.infer<typeof uploadSchema>,
    @UploadedFile() file: Upload | undefined,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const faults = [
      ...(kind ? [] : [{ field: 'kind', message: 'Select what the file holds' }]),
      ...(file ? [] : [{ field: 'file', message: 'Select a file' }]),
    ];
    if (!kind || !file) {
      await this.refuse(response, frame, faultsOf(faults), kind);
      return;
    }
    requireKind(kind, frame.principal);
    try {
      const request = { actor: frame.principal.id, dryRun: true };
      const { id } = await this.uploads.check(kind, file, (path) => this.run(kind, path, request));
      response.redirect(303, `/imports/checks/${id}`);
    } catch (error) {
      await this.refuse(response, frame, refusal(error, 'file'), kind);
    }
  }

  @Get('checks/:id')
  @RequirePermission('directory:import')
  @WholeCountry()
  @Page()
  async checked(@Param('id') id: string, @PageFrame() frame: Frame): Promise<string> {
    return this.checkPage(await this.uploads.get(id), frame);
  }

  @Post('checks/:id/apply')
  @RequirePermission('directory:import')
  @WholeCountry()
  async apply(
    @Param('id') id: string,
    @Body({ schema: applySchema }) { shrink, changes }: z.infer<typeof applySchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const checked = await this.uploads.get(id);
    requireKind(checked.kind, frame.principal);
    try {
      const allowed = { allowShrink: shrink === 'yes', allowChanges: changes === 'yes' };
      const request = { actor: frame.principal.id, ...allowed };
      const report = await this.uploads.withFile(checked, (path) => this.run(checked.kind, path, request));
      if (report.applied) {
        // It was imported, and goes after an hour anyway.
        await this.uploads.forget(id).catch(unlessDatabaseTrouble);
        const { added, changed, gone } = report;
        response.redirect(303, `/imports?done=${added + changed + gone > 0 ? 'imported' : 'nothing-imported'}`);
      } else sendFaults(response, this.checkPage({ ...checked, report }, frame));
    } catch (error) {
      const field = error instanceof AppError ? ALLOWED_IN[error.code] : undefined;
      const faults = field === undefined ? refusal(error) : faultsOf([{ field, message: DOUBTFUL }]);
      sendFaults(response, this.checkPage(checked, frame, faults));
    }
  }

  /** Says what the undo does before anybody presses its button. */
  @Get(':id/undo')
  @RequirePermission('directory:import')
  @WholeCountry()
  @Page()
  async askUndo(@Param('id', { schema: batchSchema }) id: number, @PageFrame() frame: Frame): Promise<string> {
    const [batch] = await this.directory.imports(1, id + 1);
    if (batch?.id !== id) throw new NotFoundError('no-such-import', 'There is no such import');
    const values = { title: 'Undo an import', section: 'imports', batch };
    return this.pages.render('import-undo', values, frame);
  }

  @Post(':id/undo')
  @RequirePermission('directory:import')
  @WholeCountry()
  async undo(
    @Param('id', { schema: batchSchema }) id: number,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const faults = await refusalOf(() => this.undos.undo(id, frame.principal.id));
    if (faults) await this.refuse(response, frame, faults, undefined);
    else response.redirect(303, '/imports?done=undone');
  }

  private async run(kind: ImportKind, path: string, request: ImportRequest): Promise<ImportReport> {
    return kind === 'declarations'
      ? this.declarations.importDeclarations(path, request)
      : this.imports.importFile(kind, path, request);
  }

  private checkPage({ id, kind, report }: Checked, frame: Frame, faults?: FormFaults): string {
    const values = {
      title: 'What this file would change',
      section: 'imports',
      faults,
      id,
      kind,
      report,
      shown: report.faults.slice(0, FAULTS_SHOWN),
      shrinks: report.warnings.some(({ code }) => code === 'shrinks'),
      isMixedUp: report.warnings.some(({ code }) => code === 'mixed-up'),
    };
    return this.pages.render('import-check', values, frame);
  }

  private async refuse(
    response: Response,
    frame: Frame,
    faults: FormFaults,
    kind: ImportKind | undefined,
  ): Promise<void> {
    sendFaults(response, await this.page(frame, { faults, kind }));
  }

  private async page(
    frame: Frame,
    also: {
      notice?: string | undefined;
      before?: number | undefined;
      faults?: FormFaults;
      kind?: ImportKind | undefined;
    },
  ): Promise<string> {
    const batches = await this.directory.imports(PAGE + 1, also.before);
    const names = await this.sending.actorNames(batches.map(({ importedBy }) => importedBy));
    const shown = batches.slice(0, PAGE);
    const undoable = await this.undos.undoable();
    const values = {
      title: 'Imports',
      section: 'imports',
      kinds: IMPORT_KINDS.filter((each) => mayImport(each, frame.principal)),
      batches: shown.map((batch) => ({
        ...batch,
        who: names.get(batch.importedBy) ?? 'A command or program',
        canUndo: undoable.includes(batch.id),
      })),
      next: batches.length > PAGE ? `/imports?before=${shown.at(-1)?.id ?? 0}` : undefined,
      counts: await this.picture.counts(),
      ...also,
    };
    return this.pages.render('imports', values, frame);
  }
}

/** Declaration status says who is reminded: it is for those who report it, by whatever way. */
function mayImport(kind: ImportKind, { permissions }: Principal): boolean {
  return kind !== 'declarations' || permissions.includes('status:report');
}

function requireKind(kind: ImportKind, principal: Principal): void {
  if (mayImport(kind, principal)) return;
  throw new ForbiddenError('permission-missing', 'This needs the permission status:report, which you do not have.');
}
