import { Controller, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../access/index.js';
import { OptOutService } from './opt-out.service.js';
import { unsubscribedPage, unsubscribePage } from './unsubscribe.pages.js';

const HTML = 'text/html; charset=utf-8';

/** The link in List-Unsubscribe (RFC 8058). Scanners open every link, so only POST does anything, whatever its body. */
@ApiExcludeController()
@Controller('unsubscribe')
@Public()
export class UnsubscribeController {
  constructor(private readonly optOuts: OptOutService) {}

  @Get(':token')
  @Header('Content-Type', HTML)
  form(@Param('token') token: string): string {
    this.optOuts.requireLink(token);
    return unsubscribePage;
  }

  @Post(':token')
  @HttpCode(200)
  @Header('Content-Type', HTML)
  async unsubscribe(@Param('token') token: string): Promise<string> {
    await this.optOuts.unsubscribe(token);
    return unsubscribedPage;
  }
}
