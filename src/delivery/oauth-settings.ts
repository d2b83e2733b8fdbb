import { z } from 'zod';

export interface OAuthSettings {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Given: tokens come by the refresh_token grant, else by client_credentials. */
  readonly refreshToken?: string;
  readonly scope?: string;
}

/** How the address of a mail server says it, in the query. */
export const OAUTH_OPTIONS = {
  oauthTokenUrl: z.url().optional(),
  oauthClientId: z.string().min(1).optional(),
  oauthClientSecret: z.string().min(1).optional(),
  oauthRefreshToken: z.string().min(1).optional(),
  oauthScope: z.string().min(1).optional(),
};
type OAuthOptions = z.infer<z.ZodObject<typeof OAUTH_OPTIONS>>;

/** Undefined where the options do not speak of OAuth; `incomplete` without the client's id. */
export function oauthOf(options: OAuthOptions): OAuthSettings | 'incomplete' | undefined {
  const { oauthTokenUrl: tokenUrl, oauthClientId: clientId } = options;
  if (tokenUrl === undefined) return undefined;
  if (clientId === undefined) return 'incomplete';
  return {
    ...{ tokenUrl, clientId },
    ...(options.oauthClientSecret === undefined ? {} : { clientSecret: options.oauthClientSecret }),
    ...(options.oauthRefreshToken === undefined ? {} : { refreshToken: options.oauthRefreshToken }),
    ...(options.oauthScope === undefined ? {} : { scope: options.oauthScope }),
  };
}
