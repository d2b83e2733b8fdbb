import { z } from 'zod';
import { InvalidInputError } from '../shared/errors.js';
import { isLoopback } from './smtp-settings.js';

export interface NotifySettings {
  /** The API's address, without a slash at its end. */
  readonly baseUrl: string;
  /** As GOV.UK Notify shows it once: name, service id and secret in one. */
  readonly apiKey: string;
  /** An email template of the service with the subject `((subject))` and the body `((message))`. */
  readonly templateId: string;
  readonly emailReplyToId?: string;
}

const THE_SERVICE = 'api.notifications.service.gov.uk';
const optionsSchema = z.strictObject({
  key: z.string().regex(/^.+-[0-9a-f-]{36}-[0-9a-f-]{36}$/i, 'expected a whole API key'),
  template: z.uuid(),
  replyTo: z.uuid().optional(),
});

/**
 * Reads `notify://?key=…&template=…&replyTo=…`: the host is GOV.UK Notify's own unless one is named.
 * @throws InvalidInputError `bad-notify-url`, naming `setting` and never repeating a value.
 */
export function notifySettings(address: string, setting: string): NotifySettings {
  const { host, hostname, searchParams } = new URL(address);
  const parsed = optionsSchema.safeParse(Object.fromEntries(searchParams));
  if (!parsed.success) {
    const why = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`).join('; ');
    throw new InvalidInputError('bad-notify-url', `${setting}: ${why}`);
  }
  const { key, template, replyTo } = parsed.data;
  return {
    baseUrl: `${isLoopback(hostname) ? 'http' : 'https'}://${host || THE_SERVICE}`,
    apiKey: key,
    templateId: template,
    ...(replyTo === undefined ? {} : { emailReplyToId: replyTo }),
  };
}
