import { readFile } from 'node:fs/promises';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { ApiProblems, FileFromBody, Idempotent, ReceivedFile, ReceivesFile } from '../platform/api/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import {
  confirmSchema,
  reportBody,
  type ReportBody,
  reportIdSchema,
  reportPageSchema,
  reportQuerySchema,
  reportSchema,
} from './feedback.api.js';
import { FeedbackService } from './feedback.service.js';
import { LARGEST_REPORT } from './feedback.source.js';

/** Bounces, complaints and automatic replies that came back, and those that a person must decide about. */
@ApiTags('Feedback')
@ApiBearerAuth()
@Controller('api/v1/feedback-reports')
@WholeCountry()
export class FeedbackController {
  constructor(private readonly feedback: FeedbackService) {}

  @Post()
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ReceivesFile({
    types: { 'message/rfc822': '.eml' },
    maxBytes: LARGEST_REPORT,
    description: 'The whole message as it came in, headers included',
  })
  @ApiOperation({
    summary: 'Hand in a message that came back',
    description: 'The same message again changes nothing. Only what came to a return path of ours acts by itself.',
  })
  @ApiOkResponse({ standardSchema: reportSchema, description: 'What was made of it' })
  @ApiProblems(400, 409, 413, 415)
  async ingest(@FileFromBody() { path }: ReceivedFile): Promise<ReportBody> {
    return reportBody(await this.feedback.ingest(await readFile(path), { source: 'api' }));
  }

  @Get()
  @RequirePermission('message:read')
  @ApiOperation({ summary: 'List reports that a person must decide about' })
  @ApiOkResponse({ standardSchema: reportPageSchema, description: 'Oldest first' })
  @ApiProblems(400)
  async inReview(
    @Query({ schema: reportQuerySchema }) { limit, cursor }: z.infer<typeof reportQuerySchema>,
  ): Promise<Page<ReportBody>> {
    const reports = await this.feedback.inReview(cursor, limit + 1);
    return pageOf(reports.map(reportBody), limit, ({ id }) => id);
  }

  @Post(':id/confirm')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Decide that a report is about this message: it then acts as if proven' })
  @ApiOkResponse({ standardSchema: reportSchema })
  @ApiProblems(400, 404, 409, 413, 415)
  async confirm(
    @Param('id', { schema: reportIdSchema }) id: string,
    @Body({ schema: confirmSchema }) { messageId }: z.infer<typeof confirmSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ReportBody> {
    return reportBody(await this.feedback.confirm(id, messageId, principal.id));
  }

  @Post(':id/dismiss')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Decide that a report means nothing' })
  @ApiOkResponse({ standardSchema: reportSchema })
  @ApiProblems(400, 404, 409)
  async dismiss(
    @Param('id', { schema: reportIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ReportBody> {
    return reportBody(await this.feedback.dismiss(id, principal.id));
  }
}
