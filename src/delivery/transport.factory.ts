import { fileURLToPath } from 'node:url';
import { FileTransport } from './file.transport.js';
import { SigningTransport } from './signing.transport.js';
import { SmtpTransport } from './smtp.transport.js';
import { smtpSettings } from './smtp-settings.js';
import type { MailTransport } from './transport.js';

/**
 * The transport for an address: `smtp:` and `smtps:` with the options of `smtpSettings`, `file:///folder`.
 * Opens no connection yet. `setting` names the address in errors.
 * @throws InvalidInputError `bad-smtp-url`, `bad-dkim`.
 */
export function createTransport(address: string, setting?: string): MailTransport {
  if (address.startsWith('file:')) return new FileTransport(fileURLToPath(address));
  const settings = smtpSettings(address, setting);
  const smtp = new SmtpTransport(settings);
  return settings.dkim ? new SigningTransport(smtp, settings.dkim) : smtp;
}
