import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { DirectoryService } from '../directory/index.js';
import { ApiProblems, Idempotent } from '../platform/api/index.js';
import { inTwoTries } from '../platform/database/index.js';
import { type Page, pageOf } from '../platform/http/index.js';
import { type OdsCode, odsCodeSchema } from '../shared/ods-code.js';
import { Ledger } from './ledger.service.js';
import { type MessageView } from './ledger.types.js';
import { MessageDesk, type UnknownOutcome } from './message.desk.js';
import {
  type ApiMessage,
  apiMessage,
  messageIdSchema,
  messageListQuerySchema,
  messagePageSchema,
  messageSchema,
  unknownDecisionSchema,
} from './message.api.js';

type ListQuery = z.infer<typeof messageListQuerySchema>;

/** Who was told, and the messages of which nobody knows whether they arrived. */
@ApiTags('Messages')
@ApiBearerAuth()
@RequirePermission('message:read')
@Controller('api/v1')
export class MessageController {
  constructor(
    private readonly ledger: Ledger,
    private readonly directory: DirectoryService,
    private readonly desk: MessageDesk,
  ) {}

  @Get('told/:organisation')
  @ApiOperation({ summary: 'Was this organisation told, by which message, when?' })
  @ApiOkResponse({ standardSchema: messagePageSchema, description: 'Newest first' })
  @ApiProblems(400, 404)
  async told(
    @Param('organisation', { schema: odsCodeSchema }) organisation: OdsCode,
    @Query({ schema: messageListQuerySchema }) query: ListQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<ApiMessage>> {
    await this.directory.organisation(organisation, principal.region);
    const found = await this.ledger.told(organisation, { limit: query.limit + 1, after: placeOf(query) });
    return page(found, query, ({ acceptedAt, dueAt }) => acceptedAt ?? dueAt);
  }

  @Get('messages/unknown')
  @ApiOperation({ summary: 'List messages that may or may not have arrived' })
  @ApiOkResponse({ standardSchema: messagePageSchema, description: 'Oldest first; a person decides about each' })
  @ApiProblems(400)
  async unknowns(
    @Query({ schema: messageListQuerySchema }) query: ListQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Page<ApiMessage>> {
    const found = await this.desk.unknowns(principal, query.limit + 1, placeOf(query));
    return page(found, query, ({ stateChangedAt }) => stateChangedAt);
  }

  @Get('messages/:id')
  @ApiOperation({ summary: 'Read a message and what became of it' })
  @ApiOkResponse({ standardSchema: messageSchema })
  @ApiProblems(400, 404)
  async message(
    @Param('id', { schema: messageIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ApiMessage> {
    return apiMessage(await this.desk.message(id, principal));
  }

  @Post('messages/:id/release')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({
    summary: 'Send an unknown message again',
    description: 'It may arrive twice, under the same Message-ID.',
  })
  @ApiOkResponse({ standardSchema: messageSchema })
  @ApiProblems(400, 404, 409)
  async release(
    @Param('id', { schema: messageIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ApiMessage> {
    return this.decided(id, 'released', principal);
  }

  @Post('messages/:id/decision')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @Idempotent()
  @ApiOperation({ summary: 'Write down what became of an unknown message' })
  @ApiOkResponse({ standardSchema: messageSchema })
  @ApiProblems(400, 404, 409, 413, 415)
  async decide(
    @Param('id', { schema: messageIdSchema }) id: string,
    @Body({ schema: unknownDecisionSchema }) { outcome }: z.infer<typeof unknownDecisionSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ApiMessage> {
    return this.decided(id, outcome, principal);
  }

  private async decided(id: string, outcome: UnknownOutcome, principal: Principal): Promise<ApiMessage> {
    await this.desk.decide(id, outcome, principal);
    const message = apiMessage(await inTwoTries(() => this.ledger.message(id)));
    return principal.permissions.includes('message:read') ? message : { ...message, address: null };
  }
}

const placeOf = ({ cursor }: ListQuery) => cursor && { at: new Date(cursor[0]), id: cursor[1] };

/** Goes on behind the place of its last message, also when that has left the list. */
function page(
  messages: readonly MessageView[],
  { limit }: ListQuery,
  timeOf: (message: MessageView) => Date,
): Page<ApiMessage> {
  const { items, next } = pageOf(messages, limit, (message) => [timeOf(message), message.id]);
  return { items: items.map(apiMessage), ...(next !== undefined && { next }) };
}
