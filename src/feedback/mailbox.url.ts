import { type ImapFlowOptions } from 'imapflow';

type Server = Required<Pick<ImapFlowOptions, 'host' | 'port' | 'secure'>> &
  Pick<ImapFlowOptions, 'auth' | 'doSTARTTLS'>;

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Reads `imaps://user:password@host:port/folder`: the folder is INBOX unless named, what is special in a URL is
 * percent-encoded. `imap://` turns to TLS before it signs in, except on this machine.
 */
export function readMailboxUrl(text: string): Server & { readonly folder: string } {
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  const secure = protocol === 'imaps:';
  const [user, pass, folder] = [username, password, pathname.slice(1)].map(decodeURIComponent);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 993 : 143) : Number(port),
    secure,
    ...(!secure && { doSTARTTLS: !LOOPBACK.includes(hostname) }),
    ...(user && { auth: { user, pass: pass ?? '' } }),
    folder: folder || 'INBOX',
  };
}
