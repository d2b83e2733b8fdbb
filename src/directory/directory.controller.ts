import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, requireRegion } from '../access/index.js';
import { ApiProblems } from '../platform/api/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import { type OdsCode, odsCodeSchema } from '../shared/ods-code.js';
import {
  accountIdSchema,
  accountSchema,
  accountView,
  type AccountView,
  organisationDetailSchema,
  type OrganisationDetail,
  organisationPageSchema,
  organisationQuerySchema,
} from './directory.api.js';
import { type Organisation } from './directory.repository.js';
import { DirectoryService } from './directory.service.js';

/** Organisations and accounts as the last imports left them. */
@ApiTags('Directory')
@ApiBearerAuth()
@RequirePermission('directory:read')
@Controller('api/v1')
export class DirectoryController {
  constructor(private readonly directory: DirectoryService) {}

  @Get('organisations')
  @ApiOperation({ summary: 'List organisations' })
  @ApiOkResponse({ standardSchema: organisationPageSchema, description: 'In code order' })
  @ApiProblems(400)
  async organisations(
    @Query({ schema: organisationQuerySchema }) query: z.infer<typeof organisationQuerySchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<Organisation>> {
    const { limit, cursor = '', ...filter } = query;
    if (filter.region !== undefined) requireRegion(principal, filter.region);
    const region = filter.region ?? principal.region;
    const rows = await this.directory.organisations({ ...filter, region }, cursor, limit + 1);
    return pageOf(rows, limit, ({ code }) => code);
  }

  @Get('organisations/:code')
  @ApiOperation({ summary: 'Read an organisation and what changed about it' })
  @ApiOkResponse({ standardSchema: organisationDetailSchema })
  @ApiProblems(400, 404)
  async organisation(
    @Param('code', { schema: odsCodeSchema }) code: OdsCode,
    @CurrentPrincipal() { region }: Principal,
  ): Promise<OrganisationDetail> {
    const organisation = await this.directory.organisation(code, region);
    return { ...organisation, history: await this.directory.history(code) };
  }

  @Get('accounts/:id')
  @ApiOperation({ summary: 'Read a CQRS account' })
  @ApiOkResponse({ standardSchema: accountSchema })
  @ApiProblems(400, 404)
  async account(
    @Param('id', { schema: accountIdSchema }) id: string,
    @CurrentPrincipal() { region, permissions }: Principal,
  ): Promise<AccountView> {
    const account = await this.directory.account(id, region);
    return accountView(account, permissions.includes('message:read'));
  }
}
