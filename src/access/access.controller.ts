import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { type Response } from 'express';
import { z } from 'zod';
import { ApiProblems, Idempotent, IfMatch, setEtag } from '../platform/api/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import {
  type ApiKey,
  apiKeyPageSchema,
  apiKeyQuerySchema,
  type CreatedApiKey,
  createdApiKeySchema,
  type NewApiKey,
  newApiKeySchema,
} from './api-key.schema.js';
import { ApiKeys } from './api-key.service.js';
import { RequirePermission, SignedIn } from './permission.guard.js';
import { type Me, meSchema } from './me.schema.js';
import {
  type Person,
  type PersonChange,
  personChangeSchema,
  personPageSchema,
  personQuerySchema,
  personSchema,
} from './person.schema.js';
import { People } from './people.service.js';
import { CurrentPrincipal, type Principal } from './principal.js';

const idSchema = z.uuid();

/** Who may call: oneself, API keys, and the roles of people. */
@ApiTags('Access')
@ApiBearerAuth()
@Controller('api/v1')
export class AccessController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly people: People,
  ) {}

  @Get('me')
  @SignedIn()
  @ApiOperation({ summary: 'Say who calls, and what they may do' })
  @ApiOkResponse({ standardSchema: meSchema, description: 'Who you are, and what you may do' })
  @ApiProblems()
  me(@CurrentPrincipal() { id, kind, name, roles, permissions, region }: Principal): Me {
    return { id, kind, name, roles: [...roles], permissions: [...permissions], ...(region && { region }) };
  }

  @Post('api-keys')
  @RequirePermission('key:manage')
  @Idempotent()
  @ApiOperation({ summary: 'Make an API key' })
  @ApiCreatedResponse({ standardSchema: createdApiKeySchema, description: 'The key is shown this once' })
  @ApiProblems(400, 409, 413, 415)
  async createKey(
    @Body({ schema: newApiKeySchema }) wanted: NewApiKey,
    @CurrentPrincipal() principal: Principal,
  ): Promise<CreatedApiKey> {
    return this.keys.create(wanted, principal);
  }

  @Get('api-keys')
  @RequirePermission('key:manage')
  @ApiOperation({ summary: 'List API keys' })
  @ApiOkResponse({ standardSchema: apiKeyPageSchema, description: 'Newest first; never the keys themselves' })
  @ApiProblems(400)
  async listKeys(
    @Query({ schema: apiKeyQuerySchema }) { cursor, limit }: z.infer<typeof apiKeyQuerySchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<ApiKey>> {
    const rows = await this.keys.list(principal, cursor, limit);
    return pageOf(rows, limit, ({ id }) => id);
  }

  @Delete('api-keys/:id')
  @RequirePermission('key:manage')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an API key' })
  @ApiNoContentResponse({ description: 'The key opens nothing any more' })
  @ApiProblems(400, 404)
  async revokeKey(
    @Param('id', { schema: idSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.keys.revoke(id, principal);
  }

  @Get('people')
  @RequirePermission('person:manage')
  @ApiOperation({ summary: 'List everybody who ever signed in' })
  @ApiOkResponse({ standardSchema: personPageSchema, description: 'Everybody who ever signed in, newest first' })
  @ApiProblems(400)
  async listPeople(
    @Query({ schema: personQuerySchema }) { cursor, limit }: z.infer<typeof personQuerySchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<Person>> {
    const rows = await this.people.list(principal, cursor, limit);
    return pageOf(rows, limit, ({ id }) => id);
  }

  @Put('people/:id')
  @RequirePermission('person:manage')
  @ApiOperation({ summary: 'Give somebody roles and a region, or close their access' })
  @ApiOkResponse({ standardSchema: personSchema, description: 'The person with the new roles; also sets ETag' })
  @ApiProblems(400, 404, 409, 412, 413, 415, 428)
  async changePerson(
    @Param('id', { schema: idSchema }) id: string,
    @IfMatch() version: number,
    @Body({ schema: personChangeSchema }) change: PersonChange,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Person> {
    const person = await this.people.change(id, version, change, principal);
    setEtag(response, person.version);
    return person;
  }
}
