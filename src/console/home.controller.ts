import { Get } from '@nestjs/common';
import { CsrfToken, CurrentPrincipal, type Principal, SignedIn } from '../access/index.js';
import { Attention } from './attention.service.js';
import { ConsoleController, Page } from './console-routes.js';
import { Pages } from './pages.js';

@ConsoleController()
@SignedIn()
export class HomeController {
  constructor(
    private readonly attention: Attention,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async home(@CurrentPrincipal() principal: Principal, @CsrfToken() csrf: string): Promise<string> {
    const now = await this.attention.of(principal);
    return this.pages.render('home', { title: 'What needs you now', section: 'home', ...now }, { principal, csrf });
  }
}
