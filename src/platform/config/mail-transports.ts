import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** How fast a transport may be used by all workers together; undefined is unlimited. */
export interface MailLimits {
  readonly ratePerMinute?: number | undefined;
  /** Messages of one day in Europe/London. */
  readonly dayBudget?: number | undefined;
}

/** One way for email to leave the service. */
export interface TransportConfig extends MailLimits {
  /** In logs, metrics, health and the ledger; undefined: the transport's own. */
  readonly name: string | undefined;
  /** `smtp:`, `smtps:`, `notify:` or `file:`; may hold a password. */
  readonly url: string;
  /** Its share of the messages beside the others. 0: it stands by and is used only while no other can be. */
  readonly weight: number;
}

/** Limits that a mail service is known to have, by the name of its profile. */
export const MAIL_PROFILES = {
  /**
   * Exchange Online: 30 messages a minute from one mailbox, which it counts evenly, and 10,000 recipients a day.
   * https://learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
   */
  'exchange-online': { ratePerMinute: 30, dayBudget: 10_000 },
  /** GOV.UK Notify, a live service: 3,000 messages a minute. https://www.notifications.service.gov.uk/using-notify/api-documentation */
  'govuk-notify': { ratePerMinute: 3_000, dayBudget: undefined },
} as const satisfies Record<string, MailLimits>;
export type MailProfile = keyof typeof MAIL_PROFILES;
export const mailProfile = z.enum(Object.keys(MAIL_PROFILES) as [MailProfile, ...MailProfile[]]);

/** Whether an address that begins with `file:` goes on with a folder; true of any other. */
export function namesFolder(address: string): boolean {
  if (!/^file:/i.test(address)) return true;
  try {
    return fileURLToPath(address) !== '/';
  } catch {
    return false;
  }
}
export const FOLDER_EXPECTED = 'expected file:///folder, the whole path of a folder';

const transportSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected 1 to 40 lower-case letters, digits or hyphens'),
    url: z
      .string()
      .refine(
        (text) => URL.canParse(text) && ['smtp:', 'smtps:', 'notify:', 'file:'].includes(new URL(text).protocol),
        {
          message: 'expected an address that starts with smtp://, smtps://, notify:// or file://',
        },
      )
      .refine(namesFolder, FOLDER_EXPECTED),
    weight: z.number().int().min(0).max(1_000).default(1),
    profile: mailProfile.optional(),
    ratePerMinute: z.number().int().min(1).max(10_000_000).optional(),
    dayBudget: z.number().int().min(1).max(100_000_000).optional(),
  })
  .transform(({ profile, ...transport }): TransportConfig => ({
    ...(profile && MAIL_PROFILES[profile]),
    ...transport,
  }));

/** The setting `SMTP_TRANSPORTS`: a JSON list, `[{"name":"relay","url":"smtp://…","weight":3},{"name":"spare",…}]`. */
export const transportList = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('expected a JSON list of transports, as [{"name":"relay","url":"smtp://relay.example:587"}]');
      return z.NEVER;
    }
  })
  .pipe(
    z
      .array(transportSchema)
      .min(1)
      .refine(
        (list) => new Set(list.map(({ name }) => name)).size === list.length,
        'expected a different name for each',
      )
      .refine((list) => list.some(({ weight }) => weight > 0), 'expected a weight above 0 for at least one'),
  );

/** The setting `MAIL_DOMAIN_CONCURRENCY`: `nhs.net=10,*=2`; `*` stands for every other domain. */
export const domainLimits = z.string().transform((text, context): ReadonlyMap<string, number> => {
  const limits = new Map<string, number>();
  for (const item of text.split(/[\s,]+/).filter(Boolean)) {
    const [, domain = '', limit = ''] = /^(\*|[a-z0-9.-]+)=(\d{1,4})$/i.exec(item) ?? [];
    if (domain === '' || Number(limit) < 1) {
      context.addIssue('expected domain=number pairs, as nhs.net=10,*=2');
      return z.NEVER;
    }
    limits.set(domain.toLowerCase(), Number(limit));
  }
  return limits;
});

interface MailSettings {
  readonly smtpUrl: string | undefined;
  readonly smtpTransports: readonly TransportConfig[];
  readonly mailProfile: MailProfile | undefined;
  readonly mailRatePerMinute: number | undefined;
  readonly mailDayBudget: number | undefined;
}

/** The transports that are configured; none means the capture inbox. */
export function mailTransportsOf({ smtpUrl, smtpTransports, mailProfile }: MailSettings): readonly TransportConfig[] {
  if (smtpUrl === undefined) return smtpTransports;
  return [{ name: undefined, url: smtpUrl, weight: 1, ...(mailProfile && MAIL_PROFILES[mailProfile]) }];
}

/** No mail leaves this machine: it goes to the capture inbox. */
export function isCaptured(settings: MailSettings): boolean {
  return mailTransportsOf(settings).length === 0;
}

/** What the configured transports can take together, at most: of a transport without a limit, anything. */
export function mailLimitsOf(settings: MailSettings): MailLimits {
  const transports = mailTransportsOf(settings);
  const together = (limit: 'ratePerMinute' | 'dayBudget', over: number | undefined): number | undefined => {
    const sum = transports.reduce((total, transport) => total + (transport[limit] ?? Infinity), 0);
    const least = Math.min(over ?? Infinity, transports.length === 0 ? Infinity : sum);
    return least === Infinity ? undefined : least;
  };
  return {
    ratePerMinute: together('ratePerMinute', settings.mailRatePerMinute),
    dayBudget: together('dayBudget', settings.mailDayBudget),
  };
}
