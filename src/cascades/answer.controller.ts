import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, Public, requireRegion, RequirePermission } from '../access/index.js';
import { CampaignService } from '../campaigns/index.js';
import { DeadlinesService } from '../deadlines/index.js';
import { Clock } from '../shared/clock.js';
import { InvalidInputError } from '../shared/errors.js';
import { odsCodeSchema } from '../shared/ods-code.js';
import {
  alreadyPage,
  answerPage,
  type BadLink,
  badLinkPage,
  drillPage,
  drillThanksPage,
  packPage,
  type PassedOn,
  refusedPage,
  thanksPage,
} from './answer.pages.js';
import { CascadeService } from './cascade.service.js';
import { type CascadeRow, type OrganisationRow } from './cascade.repository.js';
import { LinkService } from './link.service.js';
import { snapshotOf } from './report.service.js';
import { ANSWERS } from './step.rules.js';
import { CSV_TYPE, type TableExport, toCsv, toWorkbook, XLSX_TYPE } from './table.export.js';
import { WorklistService } from './worklist.service.js';

/** One ticked box of a form arrives as a text, several as a list. */
const codes = z.union([odsCodeSchema.transform((code) => [code]), z.array(odsCodeSchema).max(1_000)]);

const formSchema = z.object({
  answer: z.enum(ANSWERS),
  below: codes.optional(),
  /** Somebody at a practice who came by the commissioner's link. */
  practice: z.literal('').or(odsCodeSchema).optional(),
  reason: z.string().max(2_000).optional(),
});

/** A week: who comes later opens the link of the email again. */
const WORKLIST_LINK_MS = 7 * 86_400_000;

const STATUS: Readonly<Record<BadLink, number>> = { unknown: 404, expired: 410, revoked: 410, 'other-purpose': 404 };

/** The pages behind the links in emails. A GET changes nothing, because scanners open links before people do. */
@ApiExcludeController()
@Controller('cascade/:token')
export class AnswerController {
  constructor(
    private readonly links: LinkService,
    private readonly cascades: CascadeService,
    private readonly worklists: WorklistService,
    private readonly campaigns: CampaignService,
    private readonly deadlines: DeadlinesService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Public()
  async show(@Param('token') token: string, @Res() response: Response): Promise<void> {
    const link = await this.links.open(token, ['answer', 'confirm', 'pack']);
    if (!link.ok) {
      refuse(response, link.why);
      return;
    }
    const { purpose, cascade, organisation } = link;
    if (purpose === 'pack') {
      const lines = await this.worklists.lines(cascade.id, organisation.code);
      send(response, 200, packPage(token, organisation, lines, this.clock.now(), snapshotOf(cascade)));
      return;
    }
    if (cascade.campaign_id === null) {
      send(response, 200, drillPage(token, organisation));
      return;
    }
    const below = await this.cascades.below(cascade.id, organisation);
    const worklist = organisation.kind === 'practice' ? undefined : this.worklistPath(cascade, organisation);
    const { window_id: windowId } = await this.campaigns.get(cascade.campaign_id);
    const dates = await this.deadlines.window(windowId);
    send(response, 200, answerPage({ token, dates, organisation, below, worklist }));
  }

  @Post()
  @Public()
  async answer(@Param('token') token: string, @Body() body: unknown, @Res() response: Response): Promise<void> {
    const link = await this.links.open(token, ['answer', 'confirm']);
    if (!link.ok) {
      refuse(response, link.why);
      return;
    }
    const form = formSchema.safeParse(body);
    if (!form.success) {
      send(response, 400, refusedPage('Choose what has happened'));
      return;
    }
    const { cascade, organisation } = link;
    const { answer, below, practice, reason } = form.data;
    // No practice is chosen beforehand: whoever is in a hurry would answer for the first of the list.
    if (practice === '') {
      send(response, 400, refusedPage('Choose your practice'));
      return;
    }
    const speaker = await this.speakerOf(cascade.id, organisation, practice);
    if (!speaker) {
      send(response, 400, refusedPage('That practice does not belong to this link'));
      return;
    }
    try {
      const { outcome, late } = await this.cascades.answer({
        cascadeId: cascade.id,
        organisation: speaker.code,
        answer,
        ...(below && { below }),
        ...(reason !== undefined && { reason }),
        actor: `link:${organisation.code}`,
      });
      const passedOn = answer === 'pass-on' ? await this.passedOn(cascade.id, speaker, below) : undefined;
      const thanks = (): string =>
        cascade.campaign_id === null ? drillThanksPage(speaker) : thanksPage(speaker, answer, late, passedOn);
      send(response, 200, outcome === 'already' ? alreadyPage(speaker) : thanks());
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      send(response, 400, refusedPage(error.message));
    }
  }

  @Get('worklist.csv')
  @Public()
  async linesCsv(@Param('token') token: string, @Res() response: Response): Promise<void> {
    await this.download(token, response, 'csv', (id, { code }) => this.worklists.linesExport(id, code));
  }

  @Get('worklist.xlsx')
  @Public()
  async linesWorkbook(@Param('token') token: string, @Res() response: Response): Promise<void> {
    await this.download(token, response, 'xlsx', (id, { code }) => this.worklists.linesExport(id, code));
  }

  @Get('people.csv')
  @RequirePermission('directory:read')
  async peopleCsv(
    @Param('token') token: string,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.download(token, response, 'csv', (id, organisation) => this.peopleOf(id, organisation, principal));
  }

  @Get('people.xlsx')
  @RequirePermission('directory:read')
  async peopleWorkbook(
    @Param('token') token: string,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    await this.download(token, response, 'xlsx', (id, organisation) => this.peopleOf(id, organisation, principal));
  }

  /** The link says which organisation, and is made to be passed on: who may see names is for the sign-in to say. */
  private async peopleOf(
    id: string,
    { code, region_code }: OrganisationRow,
    principal: Principal,
  ): Promise<TableExport> {
    requireRegion(principal, region_code);
    return this.worklists.peopleExport(id, code);
  }

  /** Whoever has the email finds the worklist, also in weeks: the link to it is new each time, and soon ends. */
  private worklistPath({ id, links_expire_at }: CascadeRow, { code, link_generation }: OrganisationRow): string {
    const soon = Math.floor((this.clock.now().getTime() + WORKLIST_LINK_MS) / 1000) * 1000;
    const until = new Date(Math.min(links_expire_at.getTime(), soon));
    return this.cascades.pathOf(id, code, 'pack', link_generation, until).path;
  }

  private async speakerOf(
    cascadeId: string,
    organisation: OrganisationRow,
    practice: string | undefined,
  ): Promise<OrganisationRow | undefined> {
    if (practice === undefined) return organisation;
    return (await this.cascades.below(cascadeId, organisation)).find(({ code }) => code === practice);
  }

  /** Nobody ticked stands for everybody, which is easily done by mistake: the page says how many were noted. */
  private async passedOn(id: string, speaker: OrganisationRow, below?: readonly string[]): Promise<PassedOn> {
    const all = (await this.cascades.below(id, speaker)).length;
    return { some: below?.length ?? all, all };
  }

  private async download(
    token: string,
    response: Response,
    format: 'csv' | 'xlsx',
    make: (cascadeId: string, organisation: OrganisationRow) => Promise<TableExport>,
  ): Promise<void> {
    const link = await this.links.open(token, ['pack']);
    if (!link.ok) {
      refuse(response, link.why);
      return;
    }
    sendTable(response, format, `worklist-${link.organisation.code}`, await make(link.cascade.id, link.organisation));
  }
}

export function sendTable(response: Response, format: 'csv' | 'xlsx', name: string, table: TableExport): void {
  response.type(format === 'csv' ? CSV_TYPE : XLSX_TYPE);
  response.attachment(`${name}-${table.madeAt.toISOString().slice(0, 10)}.${format}`);
  response.send(format === 'csv' ? toCsv(table) : toWorkbook(table));
}

function refuse(response: Response, why: BadLink): void {
  send(response, STATUS[why], badLinkPage(why));
}

function send(response: Response, status: number, html: string): void {
  response.status(status).type('html').send(html);
}
