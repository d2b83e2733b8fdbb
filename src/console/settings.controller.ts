import { Get } from '@nestjs/common';
import { CsrfToken, CurrentPrincipal, PERMISSIONS, type Principal, SignedIn } from '../access/index.js';
import { ConsoleController, Page } from './console-routes.js';
import { Pages } from './pages.js';

/** Where the settings lead, and what whoever looks may do. */
@ConsoleController('settings')
@SignedIn()
export class SettingsController {
  constructor(private readonly pages: Pages) {}

  @Get()
  @Page()
  overview(@CurrentPrincipal() principal: Principal, @CsrfToken() csrf: string): string {
    const permissions = principal.permissions.map((permission) => PERMISSIONS[permission]);
    return this.pages.render('settings', { title: 'Settings', section: 'settings', permissions }, { principal, csrf });
  }
}
