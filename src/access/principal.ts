import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Request } from 'express';
import { ForbiddenError } from '../shared/errors.js';
import { type OdsCode } from '../shared/ods-code.js';
import { HttpProblem } from '../platform/http/index.js';
import { type AccessRole, type Permission } from './permission.rules.js';

/** Who acts: somebody signed in, a program with an API key, or the service itself. */
export interface Principal {
  /** Names the actor in the audit trail: `person:<uuid>`, `key:<prefix>` or `system:<part>`. */
  readonly id: string;
  readonly kind: 'person' | 'key' | 'system';
  /** For display only. Never logged, never audited. */
  readonly name: string;
  readonly roles: readonly AccessRole[];
  readonly permissions: readonly Permission[];
  /** Confines the principal to one NHS England region; undefined is the whole country. */
  readonly region?: OdsCode;
  /** Of a key: the id of whoever made it, or made the key that made it, and answers for what it does. */
  readonly madeBy?: string;
  /** Of a person, as their sign-in provider has verified it. Never logged, never audited. */
  readonly address?: string;
}

/** The service acting by itself, as the scheduler does. `part` is a short fixed word. */
export function systemPrincipal(part: string): Principal {
  return { id: `system:${part}`, kind: 'system', name: `The service (${part})`, roles: [], permissions: [] };
}

/** The id of whoever answers for what the principal does: of a key whoever made it, else their own. */
export const answerableFor = ({ id, madeBy }: Pick<Principal, 'id' | 'madeBy'>): string => madeBy ?? id;

/** Throws ForbiddenError unless the principal acts for the whole country or for that region. */
export function requireRegion(principal: Principal, region: string | null | undefined): void {
  if (principal.region === undefined || principal.region === region) return;
  throw new ForbiddenError('other-region', `You act for region ${principal.region} only`);
}

/** How the caller proved who they are. */
export interface Authentication {
  readonly principal: Principal;
  /** The session of a browser; undefined for an API key. */
  readonly session: Session | undefined;
}

/** A signed-in browser. `id` is the secret in its cookie. */
export interface Session {
  readonly id: string;
}

const AUTHENTICATION = Symbol('authentication');
type AuthenticatedRequest = Request & { [AUTHENTICATION]?: Authentication };

export function setAuthentication(request: Request, authentication: Authentication): void {
  (request as AuthenticatedRequest)[AUTHENTICATION] = authentication;
}

/** Undefined for somebody unknown, whom only `@Public()` routes let in. */
export function authenticationOf(request: Request): Authentication | undefined {
  return (request as AuthenticatedRequest)[AUTHENTICATION];
}

/** Handler parameter: who calls. On a `@Public()` route this refuses somebody unknown with 401. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const authentication = authenticationOf(context.switchToHttp().getRequest<Request>());
  if (!authentication) throw notSignedIn();
  return authentication.principal;
});

export function notSignedIn(): HttpProblem {
  return new HttpProblem(401, 'not-signed-in', 'Sign in, or send an API key as a bearer token.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="cqrs-comms"' },
  });
}
