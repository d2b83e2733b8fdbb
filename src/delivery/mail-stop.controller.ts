import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission, WholeCountry } from '../access/index.js';
import { ApiProblems, Idempotent } from '../platform/api/index.js';
import { inTwoTries } from '../platform/database/index.js';
import { type MailState, mailState, mailStateSchema, stopSchema } from './mail-stop.api.js';
import { MailStop } from './mail.stop.js';

/** The switch that stops all mail. It is for the whole country. */
@ApiTags('Mail')
@ApiBearerAuth()
@Controller('api/v1/mail')
export class MailStopController {
  constructor(private readonly mail: MailStop) {}

  @Get()
  @RequirePermission('message:read')
  @ApiOperation({ summary: 'Whether mail may leave, or somebody has stopped all of it' })
  @ApiOkResponse({ standardSchema: mailStateSchema })
  @ApiProblems()
  async state(): Promise<MailState> {
    return mailState(await this.mail.standing());
  }

  @Post('stop')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @WholeCountry()
  @Idempotent()
  @ApiOperation({ summary: 'Stop all mail: nothing more leaves until it is resumed. What is stopped already stays so' })
  @ApiOkResponse({ standardSchema: mailStateSchema })
  @ApiProblems(400, 409, 413, 415)
  async stop(
    @Body({ schema: stopSchema }) { reason }: z.infer<typeof stopSchema>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<MailState> {
    await this.mail.stop(reason, principal.id);
    return inTwoTries(() => this.state());
  }

  @Post('resume')
  @HttpCode(200)
  @RequirePermission('campaign:operate')
  @WholeCountry()
  @Idempotent()
  @ApiOperation({ summary: 'Let mail leave again; nobody gets a message twice' })
  @ApiOkResponse({ standardSchema: mailStateSchema })
  @ApiProblems(400, 409)
  async resume(@CurrentPrincipal() principal: Principal): Promise<MailState> {
    await this.mail.resume(principal.id);
    return inTwoTries(() => this.state());
  }
}
