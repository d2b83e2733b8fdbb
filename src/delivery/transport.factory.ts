import { fileURLToPath } from 'node:url';
import { FileTransport } from './file.transport.js';
import { notifySettings } from './notify-settings.js';
import { NotifyTransport } from './notify.transport.js';
import { SigningTransport } from './signing.transport.js';
import { SmtpTransport } from './smtp.transport.js';
import { smtpSettings } from './smtp-settings.js';
import type { MailTransport } from './transport.js';

/**
 * The transport for an address: `smtp:` and `smtps:` with the options of `smtpSettings`, `notify:` with
 * those of `notifySettings`, `file:///folder`.
 * Opens no connection yet. `setting` names the address in errors.
 * @throws InvalidInputError `bad-smtp-url`, `bad-dkim`, `bad-notify-url`.
 */
export function createTransport(address: string, setting = 'SMTP_URL'): MailTransport {
  if (/^file:/i.test(address)) return new FileTransport(fileURLToPath(address));
  if (address.startsWith('notify:')) return new NotifyTransport(notifySettings(address, setting));
  const settings = smtpSettings(address, setting);
  const smtp = new SmtpTransport(settings);
  return settings.dkim ? new SigningTransport(smtp, settings.dkim) : smtp;
}
