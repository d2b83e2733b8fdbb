import { Controller, Get, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, type Principal, requireRegion, RequirePermission } from '../access/index.js';
import { DirectoryService } from '../directory/index.js';
import { ApiProblems } from '../platform/api/index.js';
import { type OdsCode, odsCodeSchema } from '../shared/ods-code.js';
import { tellingsSchema } from './cascade.api.js';
import { type Telling, TellingService } from './telling.service.js';

/** The told ledger of all routes together: `/told` knows the emails alone. */
@ApiTags('Cascades')
@ApiBearerAuth()
@Controller('api/v1/tellings')
export class TellingController {
  constructor(
    private readonly tellings: TellingService,
    private readonly directory: DirectoryService,
  ) {}

  @Get(':code')
  @RequirePermission('message:read')
  @ApiOperation({ summary: 'Say whether and how an organisation was told, by every route' })
  @ApiOkResponse({
    standardSchema: tellingsSchema,
    description: 'By which route an organisation was told, newest first',
  })
  @ApiProblems(400, 403)
  async told(
    @Param('code', { schema: odsCodeSchema }) code: OdsCode,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ items: Telling[] }> {
    requireRegion(principal, (await this.directory.regionsOf([code])).get(code));
    return { items: await this.tellings.told(code) };
  }
}
