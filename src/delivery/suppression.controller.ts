import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { ApiProblems, Idempotent } from '../platform/api/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import { Clock } from '../shared/clock.js';
import { InvalidInputError } from '../shared/errors.js';
import {
  liftedSchema,
  liftSchema,
  newSuppressionSchema,
  suppressionPageSchema,
  suppressionQuerySchema,
  suppressionView,
  type SuppressionView,
} from './suppression.api.js';
import { SuppressionDesk } from './suppression.desk.js';
import { SuppressionListing } from './suppression.listing.js';

/** Addresses that are not written to. An address belongs to no region, so all of this is for the whole country. */
@ApiTags('Suppressions')
@ApiBearerAuth()
@Controller('api/v1/suppressions')
@WholeCountry()
export class SuppressionController {
  constructor(
    private readonly desk: SuppressionDesk,
    private readonly listing: SuppressionListing,
    private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('suppression:read')
  @ApiOperation({ summary: 'List addresses that are not written to, and why' })
  @ApiOkResponse({ standardSchema: suppressionPageSchema, description: 'Newest first' })
  @ApiProblems(400)
  async page(
    @Query({ schema: suppressionQuerySchema }) { limit, cursor, active }: z.infer<typeof suppressionQuerySchema>,
  ): Promise<Page<SuppressionView>> {
    const rows = await this.listing.page(active, limit + 1, cursor);
    return pageOf(rows.map(suppressionView), limit, ({ id }) => id);
  }

  @Post()
  @HttpCode(204)
  @RequirePermission('suppression:write')
  @Idempotent()
  @ApiOperation({ summary: 'Stop writing to an address' })
  @ApiNoContentResponse({ description: 'Nothing is written to it from now on' })
  @ApiProblems(400, 409, 413, 415)
  async add(
    @Body({ schema: newSuppressionSchema }) wanted: z.infer<typeof newSuppressionSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    const { address, reason, expiresAt } = wanted;
    if (expiresAt !== null && expiresAt <= this.clock.now()) {
      throw new InvalidInputError('expires-in-the-past', 'expiresAt: expected an instant that is still to come');
    }
    await this.desk.add({ address, reason, expiresAt }, principal);
  }

  /** The address is in the body, as addresses in a path end up in the logs of proxies. */
  @Post('lift')
  @HttpCode(200)
  @RequirePermission('suppression:write')
  @Idempotent()
  @ApiOperation({ summary: 'Lift every suppression of an address' })
  @ApiOkResponse({ standardSchema: liftedSchema })
  @ApiProblems(400, 409, 413, 415)
  async lift(
    @Body({ schema: liftSchema }) { address }: z.infer<typeof liftSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ lifted: boolean }> {
    return { lifted: await this.desk.lift(address, principal) };
  }
}
