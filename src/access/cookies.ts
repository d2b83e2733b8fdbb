import { type CookieOptions, type Request, type Response } from 'express';
import { type Config } from '../platform/config/index.js';

type CookieName = 'session' | 'sign-in';

/**
 * Cookies that scripts cannot read and other sites' forms do not carry. On https their names start with `__Host-`,
 * for which browsers refuse any that another host or plain http tries to set.
 */
export class SecureCookies {
  private readonly options: CookieOptions;
  private readonly prefix: string;

  constructor(config: Config) {
    const secure = config.publicUrl?.startsWith('https:') ?? false;
    this.prefix = secure ? '__Host-' : '';
    this.options = { httpOnly: true, sameSite: 'lax', path: '/', secure };
  }

  read(request: Pick<Request, 'cookies'>, name: CookieName): string | undefined {
    const value = (request.cookies as Record<string, unknown> | undefined)?.[this.prefix + name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Without `maxAgeMs` the cookie goes when the browser closes. */
  write(response: Response, name: CookieName, value: string, maxAgeMs?: number): void {
    response.cookie(this.prefix + name, value, {
      ...this.options,
      ...(maxAgeMs !== undefined && { maxAge: maxAgeMs }),
    });
  }

  clear(response: Response, name: CookieName): void {
    response.clearCookie(this.prefix + name, this.options);
  }
}
