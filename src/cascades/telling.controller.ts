import { Controller, Get, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from '../access/index.js';
import { ApiProblems } from '../platform/http/index.js';
import { type OdsCode, odsCodeSchema } from '../shared/ods-code.js';
import { tellingsSchema } from './cascade.api.js';
import { type Telling, TellingService } from './telling.service.js';

/** The told ledger. */
@ApiTags('Cascades')
@ApiBearerAuth()
@Controller('api/v1/told')
export class TellingController {
  constructor(private readonly tellings: TellingService) {}

  @Get(':code')
  @RequirePermission('message:read')
  @ApiOkResponse({
    standardSchema: tellingsSchema,
    description: 'By which route an organisation was told, newest first',
  })
  @ApiProblems(400)
  async told(@Param('code', { schema: odsCodeSchema }) code: OdsCode): Promise<{ items: Telling[] }> {
    return { items: await this.tellings.told(code) };
  }
}
