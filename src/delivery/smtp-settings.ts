import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { InvalidInputError } from '../shared/errors.js';
import { decodedPart, ENCODED_SIGNS } from '../shared/url-part.js';
import type { DkimSettings } from './mime.dkim.js';
import { OAUTH_OPTIONS, type OAuthSettings, oauthOf } from './oauth-settings.js';

/** How long to wait, in milliseconds. The defaults are the minima of RFC 5321 section 4.5.3.2. */
export interface SmtpTimeouts {
  /** For the connection, TLS, greeting and sign-in, each. */
  readonly greeting: number;
  /** For the reply to a command, and for the network to take a block of the message. */
  readonly command: number;
  /** For the reply to the final dot: giving up sooner makes undecided messages. */
  readonly finalDot: number;
  /** A connection without work closes after this. */
  readonly idle: number;
  /** Closing the transport waits this long for what is on the wire. */
  readonly close: number;
}

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (smtps). */
  readonly implicitTls: boolean;
  /** True: no message, user name or password goes out but through TLS with a certificate that verifies. */
  readonly requireTls: boolean;
  /** Trusted certificate authorities in PEM, instead of the system's. */
  readonly ca?: string;
  readonly auth?:
    { readonly user: string; readonly pass: string } | { readonly user: string; readonly oauth: OAuthSettings };
  /** What the client calls itself in EHLO. */
  readonly clientName: string;
  readonly connections: number;
  readonly messagesPerConnection: number;
  /** False: never pipeline, even where the server offers it. */
  readonly pipelining: boolean;
  readonly timeouts: SmtpTimeouts;
  /** Given: messages are signed before they are sent. */
  readonly dkim?: DkimSettings;
}

const RFC_5321_TIMEOUTS: SmtpTimeouts = {
  greeting: 5 * 60_000,
  command: 5 * 60_000,
  finalDot: 10 * 60_000,
  idle: 30_000,
  close: 30_000,
};

/** Why an address is no good; the setting that holds it is added where it is known. */
class Refusal extends Error {}

const flag = z.enum(['true', 'false', 'on', 'off', '1', '0']).transform((text) => ['true', 'on', '1'].includes(text));
const whole = (maximum: number) => z.coerce.number().int().min(1).max(maximum);
const optionsSchema = z.strictObject({
  requireTls: flag.optional(),
  ca: z.string().min(1).optional(),
  name: z
    .string()
    .regex(/^[A-Za-z0-9.[\]:-]+$/)
    .optional(),
  connections: whole(1_000).default(20),
  messages: whole(1_000_000).default(1_000),
  pipelining: flag.default(true),
  timeout: whole(3_600).optional(),
  ...OAUTH_OPTIONS,
  dkimDomain: z.string().min(1).optional(),
  dkimSelector: z.string().min(1).optional(),
  dkimKey: z.string().min(1).optional(),
});
type Options = z.infer<typeof optionsSchema>;

/**
 * Reads `smtp://user:password@host:587?connections=20` or `smtps://…:465`. Options: `requireTls` (on, except to this
 * machine), `ca` (path of a PEM file), `name` (for EHLO), `connections`, `messages` (per connection), `pipelining`,
 * `timeout` (seconds, for every wait), `oauthTokenUrl`, `oauthClientId`, `oauthClientSecret`, `oauthRefreshToken`,
 * `oauthScope`; `dkimDomain`, `dkimSelector` and `dkimKey` (path of a PEM file) together.
 * `setting` names the address in errors.
 * @throws InvalidInputError `bad-smtp-url`, never repeating a value.
 */
export function smtpSettings(address: string, setting = 'SMTP_URL'): SmtpSettings {
  try {
    return settingsOf(address);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new InvalidInputError('bad-smtp-url', `${setting}: ${error.message}`, { cause: error.cause });
  }
}

function settingsOf(address: string): SmtpSettings {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '') {
    throw new Refusal('expected smtp://host:port or smtps://host:port');
  }
  if (!['', '/'].includes(url.pathname) || url.hash !== '') {
    throw new Refusal(`expected nothing behind the host but ?options; ${ENCODED_SIGNS}`);
  }
  const parsed = optionsSchema.safeParse(Object.fromEntries(url.searchParams));
  if (!parsed.success) {
    throw new Refusal(
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`).join('; '),
    );
  }
  const options = parsed.data;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const implicitTls = url.protocol === 'smtps:';
  const local = isLoopback(host);
  const requireTls = options.requireTls ?? !local;
  const auth = authOf(url, options);
  if (auth && !requireTls && !local) throw new Refusal('a password or token needs requireTls');
  const dkim = dkimOf(options);
  const wait = options.timeout === undefined ? undefined : options.timeout * 1_000;
  return {
    host,
    port: url.port === '' ? (implicitTls ? 465 : 587) : Number(url.port),
    implicitTls,
    requireTls,
    ...(options.ca === undefined ? {} : { ca: pem('ca', options.ca) }),
    ...(auth ? { auth } : {}),
    ...(dkim ? { dkim } : {}),
    clientName: options.name ?? ehloName(),
    connections: options.connections,
    messagesPerConnection: options.messages,
    pipelining: options.pipelining,
    timeouts: wait ? { ...RFC_5321_TIMEOUTS, greeting: wait, command: wait, finalDot: wait } : RFC_5321_TIMEOUTS,
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}

function authOf(url: URL, options: Options): SmtpSettings['auth'] {
  const [user, pass] = [url.username, url.password].map(decodedPart);
  if (user === undefined || pass === undefined) throw new Refusal(ENCODED_SIGNS);
  const oauth = oauthOf(options);
  if (oauth === 'incomplete' || (oauth && user === '')) {
    throw new Refusal('oauthTokenUrl needs oauthClientId and a user');
  }
  if (oauth) return { user, oauth };
  if (user === '') return undefined;
  if (pass === '') throw new Refusal('a user needs a password or oauthTokenUrl');
  return { user, pass };
}

function dkimOf({ dkimDomain: domain, dkimSelector: selector, dkimKey }: Options): DkimSettings | undefined {
  if (domain === undefined && selector === undefined && dkimKey === undefined) return undefined;
  if (domain === undefined || selector === undefined || dkimKey === undefined) {
    throw new Refusal('dkimDomain, dkimSelector and dkimKey go together');
  }
  return { domain, selector, privateKey: pem('dkimKey', dkimKey) };
}

function pem(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Refusal(`the file that ${option} names cannot be read`, { cause });
  }
}

/** RFC 5321 section 4.1.1.1: a domain name, or an address literal where the machine has none. */
function ehloName(): string {
  const name = hostname();
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(name) ? name : '[127.0.0.1]';
}
