import { Get } from '@nestjs/common';
import { PERMISSIONS, SignedIn } from '../access/index.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { type Frame, Pages } from './pages.js';

/** Where the settings lead, and what whoever looks may do. */
@ConsoleController('settings')
@SignedIn()
export class SettingsController {
  constructor(private readonly pages: Pages) {}

  @Get()
  @Page()
  overview(@PageFrame() frame: Frame): string {
    const permissions = frame.principal.permissions.map((permission) => PERMISSIONS[permission]);
    return this.pages.render('settings', { title: 'Settings', section: 'settings', permissions }, frame);
  }
}
