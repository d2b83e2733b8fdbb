import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, requireRegion } from '../access/index.js';
import { DirectoryService } from '../directory/index.js';
import { ApiProblems, encodeCursor, type Page } from '../platform/http/index.js';
import { type Readiness } from './readiness.rules.js';
import { ReadinessService } from './readiness.service.js';
import { type Segment } from './segment.types.js';
import {
  type AccountSegmentView,
  readinessPageSchema,
  readinessQuerySchema,
  segmentCountsSchema,
  segmentPageSchema,
  segmentQuerySchema,
  segmentView,
} from './segments.api.js';
import { SegmentsService } from './segments.service.js';

/** Which sign-in group accounts are in, why, and who can still be paid. */
@ApiTags('Segments')
@ApiBearerAuth()
@RequirePermission('directory:read')
@Controller('api/v1')
export class SegmentsController {
  constructor(
    private readonly segments: SegmentsService,
    private readonly readiness: ReadinessService,
    private readonly directory: DirectoryService,
  ) {}

  @Get('segments')
  @ApiOperation({ summary: 'Count the accounts of each segment' })
  @ApiOkResponse({ standardSchema: segmentCountsSchema })
  @ApiProblems()
  async counts(@CurrentPrincipal() principal: Principal): Promise<{ segments: Record<Segment, number> }> {
    requireRegion(principal, undefined);
    return { segments: await this.segments.counts() };
  }

  @Get('segments/accounts')
  @ApiOperation({ summary: 'List accounts with their segment and its evidence' })
  @ApiOkResponse({ standardSchema: segmentPageSchema, description: 'In the order of account ids' })
  @ApiProblems(400)
  async accounts(
    @Query({ schema: segmentQuerySchema }) query: z.infer<typeof segmentQuerySchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<AccountSegmentView>> {
    const { limit, cursor = '', organisation, region } = query;
    if (region !== undefined) requireRegion(principal, region);
    const filter = { organisation, region: region ?? principal.region };
    const ids = await this.directory.accountIds(filter, cursor, limit + 1);
    const asked = ids.slice(0, limit);
    const results = new Map((await this.segments.classify(asked)).map((result) => [result.accountId, result]));
    const withAddress = principal.permissions.includes('message:read');
    const items = asked.flatMap((id) => {
      const result = results.get(id);
      return result ? [segmentView(result, withAddress)] : [];
    });
    return ids.length > limit ? { items, next: encodeCursor(asked.at(-1)) } : { items };
  }

  @Get('readiness')
  @ApiOperation({ summary: 'List who can still declare and approve after the sign-in change' })
  @ApiOkResponse({ standardSchema: readinessPageSchema, description: 'Those at risk first, then by code' })
  @ApiProblems(400)
  async ready(
    @Query({ schema: readinessQuerySchema }) query: z.infer<typeof readinessQuerySchema>,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<Page<Readiness>> {
    // Worked out afresh each time and sorted by risk: a page is a stretch of that list.
    const { limit, cursor: start = 0, kind, atRisk } = query;
    const all = await this.readiness.readiness();
    const regions =
      region === undefined ? undefined : await this.directory.regionsOf(all.map((row) => row.organisation));
    const rows = all.filter(
      (row) =>
        (kind === undefined || row.kind === kind) &&
        (atRisk === undefined || row.atRisk === atRisk) &&
        (regions === undefined || regions.get(row.organisation) === region),
    );
    const items = rows.slice(start, start + limit);
    return start + limit < rows.length ? { items, next: encodeCursor(start + limit) } : { items };
  }
}
