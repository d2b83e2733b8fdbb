import { InvalidInputError } from '../shared/errors.js';
import { type Mailbox } from './mime.header.js';

export interface Sender {
  readonly mailbox: Mailbox;
  /** Right of the @: also the right-hand side of each Message-ID. */
  readonly domain: string;
}

/**
 * Reads MAIL_FROM: `Name <address>` or a bare address.
 * @throws InvalidInputError `bad-mail-from`
 */
export function senderOf(mailFrom: string): Sender {
  const named = /^\s*"?([^"<>]*?)"?\s*<([^\s<>]+)>\s*$/.exec(mailFrom);
  const address = named?.[2] ?? mailFrom.trim();
  const domain = /^[^\s@<>]+@([^\s@<>]+)$/.exec(address)?.[1];
  if (domain === undefined) {
    throw new InvalidInputError('bad-mail-from', 'MAIL_FROM: expected an address, or a name and an address in <>');
  }
  return { mailbox: { address, ...(named?.[1] ? { name: named[1] } : {}) }, domain };
}
