import { z } from 'zod';
import { UnavailableError } from '../shared/errors.js';
import type { OAuthSettings } from './oauth-settings.js';

const answerSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().default(300),
});
/** A token is renewed this long before it ends, so that it does not end during the sign-in. In milliseconds. */
const MARGIN = 60_000;
const PATIENCE = 30_000;

/** Keeps one access token (RFC 6749) for as long as it is valid; twenty connections that open at once ask once. */
export class SmtpTokenSource {
  private current: { token: Promise<string>; validUntil: number } | undefined;

  constructor(private readonly settings: OAuthSettings) {}

  /** @throws UnavailableError `oauth-token` when the token endpoint gives none; holds no secret. */
  token(): Promise<string> {
    if (!this.current || performance.now() >= this.current.validUntil) {
      const entry = { token: this.request(), validUntil: Infinity };
      this.current = entry;
      entry.token.catch(() => {
        this.forget();
      });
    }
    return this.current.token;
  }

  /** After a refusal: the next call asks anew. */
  forget(): void {
    this.current = undefined;
  }

  private async request(): Promise<string> {
    const { tokenUrl, clientId, clientSecret, refreshToken, scope } = this.settings;
    const body = new URLSearchParams({
      client_id: clientId,
      ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
      ...(scope === undefined ? {} : { scope }),
      ...(refreshToken === undefined
        ? { grant_type: 'client_credentials' }
        : { grant_type: 'refresh_token', refresh_token: refreshToken }),
    });
    try {
      const response = await fetch(tokenUrl, { method: 'POST', body, signal: AbortSignal.timeout(PATIENCE) });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const answer = answerSchema.parse(await response.json());
      if (this.current) this.current.validUntil = performance.now() + answer.expires_in * 1_000 - MARGIN;
      return answer.access_token;
    } catch (cause) {
      throw new UnavailableError('oauth-token', 'The token endpoint of the mail service gave no access token', {
        cause,
      });
    }
  }
}
