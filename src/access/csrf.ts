import { createHmac } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Request } from 'express';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { HttpProblem, PUBLIC } from '../platform/http/index.js';
import { requirementOf } from './permission.guard.js';
import { authenticationOf, notSignedIn, type Principal, type Session } from './principal.js';
import { originOf } from './request-origin.js';
import { sameHash } from './secret-token.rules.js';

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** The token that every form of a page carries in the field `_csrf`; scripts send it as `X-CSRF-Token`. */
function csrfToken(session: Session): string {
  return createHmac('sha256', session.id).update('csrf').digest('base64url');
}

/** Who looks at a page, and the token for its forms: empty without a session. @throws HttpProblem 401 for nobody. */
export function viewerOf(request: Request): { principal: Principal; csrf: string } {
  const authentication = authenticationOf(request);
  if (!authentication) throw notSignedIn();
  const { principal, session } = authentication;
  return { principal, csrf: session ? csrfToken(session) : '' };
}

/**
 * Refuses what another site makes a signed-in browser send: the request must come from this origin and carry the
 * session's token. An upload (multipart) is read only after the guards, so its token cannot be seen here: it must
 * prove its origin by the headers that every browser sends with a form.
 */
@Injectable()
export class CsrfGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @InjectConfig() private readonly config: Config,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const session = authenticationOf(request)?.session;
    if (!session || SAFE_METHODS.includes(request.method)) return true;
    const sameOrigin = this.comesFromHere(request);
    if (sameOrigin !== false && this.proven(context, request, session, sameOrigin)) return true;
    throw new HttpProblem(403, 'cross-site-request', 'This form did not come from a page of this site. Open it again.');
  }

  private proven(
    context: ExecutionContext,
    request: Request,
    session: Session,
    sameOrigin: boolean | undefined,
  ): boolean {
    // A public form knows no session, and takes nothing from the one that happens to be there.
    if (requirementOf(context, this.reflector) === PUBLIC) return true;
    return request.is('multipart/form-data') ? sameOrigin === true : tokenFits(request, session);
  }

  /** Undefined when the request does not say, as only programs do. */
  private comesFromHere(request: Request): boolean | undefined {
    const site = request.get('Sec-Fetch-Site');
    if (site !== undefined) return site === 'same-origin';
    const origin = request.get('Origin');
    return origin === undefined ? undefined : origin === originOf(request, this.config);
  }
}

function tokenFits(request: Request, session: Session): boolean {
  const body = request.body as { _csrf?: unknown } | null | undefined;
  const sent = request.get('X-CSRF-Token') ?? body?._csrf;
  // Taken out, as the form's own schema knows nothing of it and refuses what it does not know.
  if (typeof body === 'object' && body !== null) delete body._csrf;
  return typeof sent === 'string' && sameHash(sent, csrfToken(session));
}
