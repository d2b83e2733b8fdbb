import { Get } from '@nestjs/common';
import { SignedIn } from '../access/index.js';
import { Attention } from './attention.service.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { type Frame, Pages } from './pages.js';

@ConsoleController()
@SignedIn()
export class HomeController {
  constructor(
    private readonly attention: Attention,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async home(@PageFrame() frame: Frame): Promise<string> {
    const now = await this.attention.of(frame.principal);
    return this.pages.render('home', { title: 'What needs you now', section: 'home', ...now }, frame);
  }
}
