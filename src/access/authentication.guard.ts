import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { type Request } from 'express';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { setCaller } from '../platform/http/index.js';
import { ApiKeys } from './api-key.service.js';
import { SecureCookies } from './cookies.js';
import { type Authentication, setAuthentication } from './principal.js';
import { Sessions } from './sessions.service.js';

/** Recognises who calls, by bearer token or by session cookie. Lets everybody through: PermissionGuard decides. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  private readonly cookies: SecureCookies;

  constructor(
    private readonly keys: ApiKeys,
    private readonly sessions: Sessions,
    @InjectConfig() config: Config,
  ) {
    this.cookies = new SecureCookies(config);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const authentication = await this.recognise(request);
    if (authentication) {
      setAuthentication(request, authentication);
      setCaller(request, authentication.principal.id);
    }
    return true;
  }

  private async recognise(request: Request): Promise<Authentication | undefined> {
    const authorization = request.get('Authorization');
    if (authorization !== undefined) {
      // A bad key is not made good by a cookie that happens to be there.
      const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      const principal = token === undefined ? undefined : await this.keys.recognise(token);
      return principal && { principal, session: undefined };
    }
    const id = this.cookies.read(request, 'session');
    const principal = id === undefined ? undefined : await this.sessions.recognise(id);
    return principal && id !== undefined ? { principal, session: { id } } : undefined;
  }
}
