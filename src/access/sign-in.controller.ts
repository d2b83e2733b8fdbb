import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Throttle } from '@nestjs/throttler';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { InvalidInputError } from '../shared/errors.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { Public, SeeOther } from '../platform/http/index.js';
import { SecureCookies } from './cookies.js';
import { OidcSignIn, SIGN_IN_TAKES_MS } from './oidc-sign-in.js';
import { OneTimeLink } from './one-time-link.js';
import { type Identity, People } from './people.service.js';
import { SignedIn } from './permission.guard.js';
import { authenticationOf } from './principal.js';
import { originOf } from './request-origin.js';
import { safeReturnPath } from './return-path.rules.js';
import { Sessions } from './sessions.service.js';
import { SignInPages } from './sign-in.pages.js';

const tokenSchema = z.object({ token: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'This is not a whole sign-in link') });
type Token = z.infer<typeof tokenSchema>;

const LOCAL_ADMIN: Identity = {
  issuer: 'local',
  subject: 'admin',
  displayName: 'Local administrator',
  roles: undefined,
  region: undefined,
  isAdmin: true,
  address: undefined,
};

/** Signing in and out, for people with a browser. */
@ApiExcludeController()
@Public()
@Throttle({ default: { limit: 30, ttl: 60_000 } })
@Controller()
export class SignInController {
  private readonly cookies: SecureCookies;

  constructor(
    private readonly oidc: OidcSignIn,
    private readonly links: OneTimeLink,
    private readonly people: People,
    private readonly sessions: Sessions,
    private readonly pages: SignInPages,
    @InjectConfig() private readonly config: Config,
  ) {
    this.cookies = new SecureCookies(config);
  }

  @Get('sign-in')
  async start(@Query('to') to: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    if (!this.oidc.available) {
      response.type('html').send(this.pages.render({ kind: 'no-provider', printsLinks: this.links.available }));
      return;
    }
    const { location, attempt } = await this.oidc.begin(this.callback(request), safeReturnPath(to));
    this.cookies.write(response, 'sign-in', attempt, SIGN_IN_TAKES_MS);
    response.redirect(303, location);
  }

  @Get('sign-in/callback')
  async finish(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<never> {
    const attempt = this.cookies.read(request, 'sign-in');
    this.cookies.clear(response, 'sign-in');
    const currentUrl = new URL(this.callback(request));
    currentUrl.search = new URL(request.originalUrl, currentUrl).search;
    const { identity, returnTo } = await this.oidc.finish(currentUrl, attempt);
    await this.signIn(identity, request, response);
    throw new SeeOther(returnTo);
  }

  /** Changes nothing: whatever opens links before people do (mail scanners, previews) must not use this one up. */
  @Get('sign-in/once')
  oncePage(@Query({ schema: tokenSchema }) { token }: Token, @Res() response: Response): void {
    response.type('html').send(this.pages.render({ kind: 'once', token }));
  }

  @Post('sign-in/once')
  async once(
    @Body({ schema: tokenSchema }) { token }: Token,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<never> {
    if (!(await this.links.redeem(token))) {
      throw new InvalidInputError('sign-in-link-used', 'This sign-in link was used before or has expired');
    }
    await this.signIn(LOCAL_ADMIN, request, response);
    throw new SeeOther('/');
  }

  @Post('sign-out')
  @SignedIn()
  async end(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<never> {
    const session = authenticationOf(request)?.session;
    if (session) await this.sessions.end(session.id);
    this.cookies.clear(response, 'session');
    throw new SeeOther('/sign-out');
  }

  /** Says so, and begins nothing: the provider would sign the person in again at once. */
  @Get('sign-out')
  ended(@Res() response: Response): void {
    response.type('html').send(this.pages.render({ kind: 'signed-out', hasProvider: this.oidc.available }));
  }

  /** Always a new session id: one that somebody planted beforehand is worth nothing afterwards. */
  private async signIn(identity: Identity, request: Request, response: Response): Promise<void> {
    const person = await this.people.signedIn(identity);
    const former = this.cookies.read(request, 'session');
    if (former !== undefined) await this.sessions.end(former);
    this.cookies.write(response, 'session', await this.sessions.start(person.id, identity.address));
  }

  private callback(request: Request): string {
    return `${originOf(request, this.config)}/sign-in/callback`;
  }
}
