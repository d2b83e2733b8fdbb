import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry, requireRegion } from '../access/index.js';
import { DirectoryService } from '../directory/index.js';
import { ApiProblems } from '../platform/api/index.js';
import { encodeCursor, type Page, pageOf } from '../platform/http/index.js';
import { DirectoryPictureRepository } from './directory-picture.repository.js';
import { DirectoryPicture } from './directory.picture.js';
import {
  type AccountSegmentView,
  ageOf,
  type ReadinessPageView,
  readinessPageSchema,
  readinessQuerySchema,
  readinessView,
  type SegmentCountsView,
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
    private readonly picture: DirectoryPicture,
    private readonly pictures: DirectoryPictureRepository,
    private readonly directory: DirectoryService,
  ) {}

  @Get('segments')
  @WholeCountry()
  @ApiOperation({ summary: 'Count the accounts of each segment' })
  @ApiOkResponse({ standardSchema: segmentCountsSchema })
  @ApiProblems()
  async counts(): Promise<SegmentCountsView> {
    const standing = await this.picture.settled();
    return { segments: standing.segments, ...ageOf(standing) };
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
  ): Promise<ReadinessPageView> {
    const { limit, cursor, kind, atRisk } = query;
    const after = cursor && { atRisk: cursor[0], organisation: cursor[1] };
    // Before the rows: should they be replaced in between, they are newer than what is said of them, and never older.
    const standing = await this.picture.settled();
    const rows = await this.pictures.readinessAfter({ kind, atRisk, region, after }, limit + 1);
    const page = pageOf(rows, limit, (row) => [row.atRisk, row.organisation]);
    return { ...page, items: page.items.map(readinessView), ...ageOf(standing) };
  }
}
