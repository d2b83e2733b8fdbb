import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import nunjucks, { type Environment } from 'nunjucks';
import { formatDateTime, LondonTime } from '../shared/london-time.js';

/** The folder of nhsuk-frontend's `nhsuk/` templates, styles and images. */
export const NHSUK = dirname(dirname(createRequire(import.meta.url).resolve('nhsuk-frontend/dist/nhsuk/template.njk')));

/** The one script that nhsuk-frontend's page template holds itself; our content security policy allows it by its hash. */
const TEMPLATE_SCRIPT =
  "document.body.className += ' js-enabled' + ('noModule' in HTMLScriptElement.prototype ? ' nhsuk-frontend-supported' : '');";
export const TEMPLATE_SCRIPT_HASH = `'sha256-${createHash('sha256').update(TEMPLATE_SCRIPT).digest('base64')}'`;

/** Turns a view and its values into a page. Everything is escaped unless a view says otherwise. */
@Injectable()
export class Pages {
  private readonly environment: Environment;

  constructor() {
    const loader = new nunjucks.FileSystemLoader([join(import.meta.dirname, 'views'), NHSUK, join(NHSUK, 'nhsuk')], {
      noCache: false,
    });
    this.environment = new nunjucks.Environment(loader, { autoescape: true, throwOnUndefined: false });
    this.environment.addFilter('number', (value: number) => value.toLocaleString('en-GB'));
    // Times always carry their zone: London's, in words.
    this.environment.addFilter(
      'londonTime',
      (value: Date | string) => `${formatDateTime(toMinute(new Date(value)))} (London time)`,
    );
  }

  render(view: string, values: Readonly<Record<string, unknown>> = {}): string {
    return this.environment.render(`${view}.njk`, { ...values, assetPath: '/assets' });
  }
}

function toMinute(instant: Date): LondonTime {
  return LondonTime.fromInstant(new Date(Math.floor(instant.getTime() / 60_000) * 60_000));
}
