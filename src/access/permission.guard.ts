import { type CanActivate, type CustomDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Request } from 'express';
import { HttpProblem, PERMISSION, PUBLIC, SeeOther } from '../platform/http/index.js';
import { authenticationOf, notSignedIn, requireRegion } from './principal.js';
import { type Permission } from './permission.rules.js';

const ANY = 'any';
const WHOLE_COUNTRY = 'access:whole-country';

/** Opens a route or controller to principals with this permission. On a route it counts before the controller's own. */
export const RequirePermission = (permission: Permission): CustomDecorator => SetMetadata(PERMISSION, permission);

/** Opens a route or controller to everybody who is signed in or has an API key, whatever they may do. */
export const SignedIn = (): CustomDecorator => SetMetadata(PERMISSION, ANY);

/** Closes a route or controller to principals who act for one region: it is about the whole country. */
export const WholeCountry = (): CustomDecorator => SetMetadata(WHOLE_COUNTRY, true);

/** Denies by default: a route that is neither `@Public()` nor names what it requires is open to nobody. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const required = requirementOf(context, this.reflector);
    if (required === PUBLIC) return true;
    const authentication = authenticationOf(request);
    if (!authentication) throw isNavigation(request) ? toSignIn(request) : notSignedIn();
    const { principal } = authentication;
    const may = required === ANY || (required !== undefined && principal.permissions.includes(required as Permission));
    if (!may) {
      const lacking = required ?? 'a permission that nobody has';
      throw new HttpProblem(403, 'permission-missing', `This needs the permission ${lacking}, which you do not have.`);
    }
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(WHOLE_COUNTRY, targets))
      requireRegion(principal, undefined);
    return true;
  }
}

/** A person who opened a page, as against a program or script. */
function isNavigation(request: Request): boolean {
  return request.method === 'GET' && !request.path.startsWith('/api/') && request.accepts(['json', 'html']) === 'html';
}

function toSignIn(request: Request): SeeOther {
  return new SeeOther(`/sign-in?to=${encodeURIComponent(request.originalUrl)}`);
}

/** The permission that the route names, or else its controller; PUBLIC; or undefined when neither says anything. */
export function requirementOf(context: ExecutionContext, reflector: Reflector): string | undefined {
  for (const target of [context.getHandler(), context.getClass()]) {
    const permission = reflector.get<string | undefined>(PERMISSION, target);
    if (permission !== undefined) return permission;
    if (reflector.get<boolean | undefined>(PUBLIC, target)) return PUBLIC;
  }
  return undefined;
}
