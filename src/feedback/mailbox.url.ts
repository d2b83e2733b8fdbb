import { type ImapFlowOptions } from 'imapflow';
import { z } from 'zod';
import { OAUTH_OPTIONS, type OAuthSettings, oauthOf } from '../delivery/index.js';
import { InvalidInputError } from '../shared/errors.js';
import { decodedPart, ENCODED_SIGNS } from '../shared/url-part.js';

export interface Mailbox {
  readonly server: Required<Pick<ImapFlowOptions, 'host' | 'port' | 'secure'>> & Pick<ImapFlowOptions, 'doSTARTTLS'>;
  /** Signs in with a password, or with tokens that come from `oauth`; undefined: not at all. */
  readonly auth?:
    { readonly user: string; readonly pass: string } | { readonly user: string; readonly oauth: OAuthSettings };
  readonly folder: string;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const optionsSchema = z.strictObject(OAUTH_OPTIONS);

/**
 * Reads `imaps://user:password@host:port/folder`, or `imaps://user@host/folder?oauthTokenUrl=…&oauthClientId=…` with
 * the options that `SMTP_URL` has: the folder is INBOX unless named, what is special in a URL is percent-encoded.
 * `imap://` turns to TLS before it signs in, except on this machine.
 * @throws InvalidInputError `bad-imap-url`, never repeating a value.
 */
export function readMailboxUrl(text: string): Mailbox {
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(text);
  const secure = protocol === 'imaps:';
  const [user, pass, folder] = [username, password, pathname.slice(1)].map(decodedPart);
  if (hostname === '') throw refused('expected the name of a server');
  if (user === undefined || pass === undefined) throw refused(ENCODED_SIGNS);
  const options = optionsSchema.safeParse(Object.fromEntries(searchParams));
  if (!options.success) {
    throw refused(
      options.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`).join('; '),
    );
  }
  const oauth = oauthOf(options.data);
  if (oauth === 'incomplete' || (oauth && user === '')) throw refused('oauthTokenUrl needs oauthClientId and a user');
  if (user !== '' && pass === '' && !oauth) throw refused('a user needs a password or oauthTokenUrl');
  return {
    server: {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? 993 : 143) : Number(port),
      secure,
      ...(!secure && { doSTARTTLS: !LOOPBACK.includes(hostname) }),
    },
    ...(oauth ? { auth: { user, oauth } } : user !== '' && { auth: { user, pass } }),
    folder: folder || 'INBOX',
  };
}

function refused(why: string): InvalidInputError {
  return new InvalidInputError('bad-imap-url', `FEEDBACK_IMAP_URL: ${why}`);
}
