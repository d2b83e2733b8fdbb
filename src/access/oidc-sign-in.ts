import { Injectable, Logger } from '@nestjs/common';
import * as oidc from 'openid-client';
import { z } from 'zod';
import { Clock } from '../shared/clock.js';
import { AppError, ForbiddenError, InvalidInputError, UnavailableError } from '../shared/errors.js';
import { type Config, InjectConfig, type OidcConfig } from '../platform/config/index.js';
import { TextSealer } from '../platform/http/index.js';
import { identityOf } from './oidc-claims.rules.js';
import { type Identity } from './people.service.js';

/** What must come back unchanged from the round trip to the provider; it waits sealed in a cookie. */
const attemptSchema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  expiresAt: z.number(),
});

export const SIGN_IN_TAKES_MS = 10 * 60_000;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Sign-in of people at an OpenID Connect provider: authorisation code flow with PKCE, state and nonce. */
@Injectable()
export class OidcSignIn {
  private readonly logger = new Logger(OidcSignIn.name);
  private readonly sealer: TextSealer;
  private discovered: Promise<oidc.Configuration> | undefined;

  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly clock: Clock,
  ) {
    this.sealer = new TextSealer(config.secret, 'oidc-sign-in');
  }

  get available(): boolean {
    return this.config.oidc !== undefined;
  }

  /** Where to send the browser, and what to keep in its cookie meanwhile. `returnTo` is a safe path of this site. */
  async begin(redirectUri: string, returnTo: string): Promise<{ location: string; attempt: string }> {
    const provider = await this.provider();
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    const location = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri,
      scope: this.settings().scope,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const expiresAt = this.clock.now().getTime() + SIGN_IN_TAKES_MS;
    const attempt = this.sealer.seal(JSON.stringify({ state, nonce, verifier, returnTo, expiresAt }));
    return { location: location.href, attempt };
  }

  /**
   * Who came back at `currentUrl`. Throws ForbiddenError when the provider refused, InvalidInputError when this is
   * not the answer to the attempt in the cookie, UnavailableError when the provider does not answer.
   */
  async finish(currentUrl: URL, attempt: string | undefined): Promise<{ identity: Identity; returnTo: string }> {
    const begun = this.opened(attempt);
    const provider = await this.provider();
    try {
      const tokens = await oidc.authorizationCodeGrant(provider, currentUrl, {
        pkceCodeVerifier: begun.verifier,
        expectedState: begun.state,
        expectedNonce: begun.nonce,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw new InvalidInputError('sign-in-failed', 'The sign-in provider said nothing about who you are');
      return { identity: identityOf(claims, this.settings()), returnTo: begun.returnTo };
    } catch (error) {
      throw this.refusal(error);
    }
  }

  private opened(attempt: string | undefined): z.infer<typeof attemptSchema> {
    const text = attempt === undefined ? undefined : this.sealer.open(attempt);
    const begun = text === undefined ? undefined : attemptSchema.parse(JSON.parse(text));
    if (begun && begun.expiresAt > this.clock.now().getTime()) return begun;
    throw new InvalidInputError(
      'sign-in-expired',
      'This sign-in took too long or began in another browser. Start again.',
    );
  }

  private refusal(error: unknown): Error {
    if (error instanceof AppError) return error;
    if (error instanceof oidc.AuthorizationResponseError) {
      this.logger.warn({ message: 'sign-in refused by the provider', reason: error.error });
      return new ForbiddenError('sign-in-refused', 'The sign-in provider did not let you in', { cause: error });
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    this.logger.warn({ message: 'sign-in failed', code });
    if (error instanceof oidc.ResponseBodyError || code.startsWith('OAUTH_')) {
      return new InvalidInputError('sign-in-failed', 'The sign-in could not be completed. Start again.', {
        cause: error,
      });
    }
    return new UnavailableError('sign-in-provider-unreachable', 'The sign-in provider does not answer', {
      cause: error,
    });
  }

  /** Discovery happens at the first sign-in and is kept; a failed one is tried again at the next. */
  private async provider(): Promise<oidc.Configuration> {
    this.discovered ??= this.discover();
    try {
      return await this.discovered;
    } catch (error) {
      this.discovered = undefined;
      throw new UnavailableError('sign-in-provider-unreachable', 'The sign-in provider does not answer', {
        cause: error,
      });
    }
  }

  private discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.settings();
    const server = new URL(issuer);
    // Plain http only for a provider on this very machine; configuration refuses it in production altogether.
    const insecure = server.protocol === 'http:' && LOOPBACK.includes(server.hostname);
    const authentication = clientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(clientSecret);
    return oidc.discovery(server, clientId, undefined, authentication, {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to warn; see the condition above
      ...(insecure && { execute: [oidc.allowInsecureRequests] }),
    });
  }

  private settings(): OidcConfig {
    if (this.config.oidc) return this.config.oidc;
    throw new ForbiddenError('no-sign-in-provider', 'No sign-in provider is configured');
  }
}
