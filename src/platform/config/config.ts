import { join, resolve } from 'node:path';
import { z } from 'zod';
import { AppError, UnavailableError } from '../../shared/errors.js';
import { ENCODED_SIGNS } from '../../shared/url-part.js';
import { type QueueName, QUEUES } from '../jobs/job-map.js';
import { dataFolderFault, secretIn } from './data-folder.js';
import { type GroupGrant, groupGrants } from './group-grants.js';
import {
  domainLimits,
  FOLDER_EXPECTED,
  type MailProfile,
  mailProfile,
  namesFolder,
  type TransportConfig,
  transportList,
} from './mail-transports.js';
import { PROJECT_ROOT } from './project-root.js';

export const ROLES = ['web', 'worker', 'scheduler'] as const;
export type Role = (typeof ROLES)[number];

const list = z.string().transform((text) =>
  text
    .split(/[\s,]+/)
    .map((item) => item.trim())
    .filter(Boolean),
);
const whole = (minimum: number, maximum: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= minimum && Number(text) <= maximum, {
      message: `expected a whole number from ${minimum} to ${maximum}`,
    })
    .transform(Number);
const flag = z.enum(['on', 'off', 'true', 'false', '1', '0']).transform((text) => ['on', 'true', '1'].includes(text));
const url = (...protocols: string[]) =>
  z.string().superRefine((text, context) => {
    if (!protocols.some((protocol) => text.toLowerCase().startsWith(`${protocol}//`))) {
      context.addIssue(`expected an address that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`);
    } else if (!URL.canParse(text)) {
      context.addIssue(`expected a whole address; ${ENCODED_SIGNS}`);
    }
  });

/** Every setting there is, by the name of its environment variable. */
const jsonObject = z.string().transform((text, context): Readonly<Record<string, unknown>> => {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    context.addIssue('expected a JSON object');
    return z.NEVER;
  }
});

const environmentSchema = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  ROLES: list.pipe(z.array(z.enum(ROLES)).min(1)).default([...ROLES]),
  QUEUES: list.pipe(z.array(z.enum(QUEUES)).min(1)).default([...QUEUES]),
  HOST: z.string().min(1).optional(),
  PORT: whole(0, 65_535).default(3000),
  PUBLIC_URL: url('http:', 'https:').optional(),
  CQRS_URL: url('http:', 'https:').optional(),
  GUIDANCE_URL: url('http:', 'https:').optional(),
  DATA_DIR: z
    .string()
    .min(1)
    .default(join(PROJECT_ROOT, 'var', 'data')),
  TEMPLATES_DIR: z.string().min(1).default(join(PROJECT_ROOT, 'templates')),
  BANK_HOLIDAYS_FILE: z
    .string()
    .min(1)
    .default(join(PROJECT_ROOT, 'data', 'bank-holidays.json')),
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  REDIS_URL: url('redis:', 'rediss:').optional(),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z0-9_]{1,40}$/, 'expected 1 to 40 lower-case letters, digits or underscores')
    .default('bullmq'),
  SMTP_URL: url('smtp:', 'smtps:', 'notify:', 'file:').refine(namesFolder, FOLDER_EXPECTED).optional(),
  SMTP_TRANSPORTS: transportList.optional(),
  MAIL_PROFILE: mailProfile.optional(),
  MAIL_DOMAIN_CONCURRENCY: domainLimits.optional(),
  MAIL_FROM: z.string().min(3).optional(),
  MAIL_RATE_PER_MINUTE: whole(1, 10_000_000).optional(),
  MAIL_DAY_BUDGET: whole(1, 100_000_000).optional(),
  FEEDBACK_IMAP_URL: url('imap:', 'imaps:').optional(),
  FEEDBACK_SMTP_PORT: whole(1, 65_535).optional(),
  CASCADE_ESCALATION: jsonObject.optional(),
  TRIAL_MODE: flag.optional(),
  TRIAL_ALLOW: list
    .pipe(
      z.array(
        z.string().regex(/@[^@]+$/, 'expected addresses, or domains as @example.test; anything else allows nobody'),
      ),
    )
    .default([]),
  TRIAL_OFF_APPROVED_BY: z.string().trim().min(1, 'expected a name').optional(),
  TRUST_PROXY: whole(0, 10).default(0),
  RATE_LIMIT_PER_MINUTE: whole(1, 1_000_000).default(300),
  WEBHOOK_ALLOW_PRIVATE: list.default([]),
  OIDC_ISSUER: url('https:', 'http:').optional(),
  OIDC_CLIENT_ID: z.string().min(1).optional(),
  OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  OIDC_SCOPE: z.string().min(1).default('openid profile email'),
  OIDC_ROLES_CLAIM: z.string().min(1).optional(),
  OIDC_GROUPS: groupGrants.optional(),
  OIDC_ADMINS: list.default([]),
  SECRET: z.string().min(32, 'expected at least 32 characters').optional(),
  CLOCK: z.iso
    .datetime({ offset: true, error: 'expected an instant with its offset, as 2026-09-14T08:00:00+01:00' })
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:').optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/** The OpenID Connect provider through which people sign in. */
export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client, held by PKCE alone. */
  readonly clientSecret: string | undefined;
  readonly scope: string;
  /** The claim that lists a person's roles; undefined: an administrator gives them here. */
  readonly rolesClaim: string | undefined;
  /** What each of the claim's values gives; undefined: they are the roles' own names, and regions are given here. */
  readonly groups: readonly GroupGrant[] | undefined;
  /** Subjects, or email addresses that the provider has verified, who are administrators from their first sign-in. */
  readonly admins: readonly string[];
}

export const SETTINGS = Object.keys(environmentSchema.shape);

export interface Config {
  readonly environment: 'development' | 'production' | 'test';
  readonly roles: readonly Role[];
  /** Which queues a worker serves; work that must not wait for mail can have workers of its own. */
  readonly queues: readonly QueueName[];
  readonly host: string;
  readonly port: number;
  /** Where people reach the pages; links in emails start with it. Undefined: http://HOST:PORT as listened on. */
  readonly publicUrl: string | undefined;
  /** Where emails send people to sign in to CQRS itself. */
  readonly cqrsUrl: string;
  /** The sign-in guidance that emails point to, unless a campaign names another. */
  readonly guidanceUrl: string;
  /** Absolute folder of the embedded database, the capture inbox and the generated secret. */
  readonly dataDir: string;
  readonly templatesDir: string;
  /** As https://www.gov.uk/bank-holidays.json; read at the start. */
  readonly bankHolidaysFile: string;
  /** Undefined: PostgreSQL is embedded in dataDir. */
  readonly databaseUrl: string | undefined;
  /** Undefined: the queue lives in PostgreSQL. */
  readonly redisUrl: string | undefined;
  /** Schema (PostgreSQL) or key prefix (Redis) of the queues. */
  readonly queuePrefix: string;
  /** The one transport there is; see `mailTransportsOf` for all. */
  readonly smtpUrl: string | undefined;
  /** Several transports instead. Without any, mail goes to the capture transport and leaves this machine never. */
  readonly smtpTransports: readonly TransportConfig[];
  /** Known limits of the mail service behind `smtpUrl`. */
  readonly mailProfile: MailProfile | undefined;
  /** Messages at once to a domain (`*`: to any other), in each worker process; without an entry, no limit. */
  readonly mailDomainConcurrency: ReadonlyMap<string, number>;
  readonly mailFrom: string;
  /** Messages a minute over all workers; undefined is unlimited. */
  readonly mailRatePerMinute: number | undefined;
  /** Messages in any 24 hours over all workers; undefined is unlimited. */
  readonly mailDayBudget: number | undefined;
  /** The mailbox that bounces come to: `imaps://user:password@host/folder`; INBOX unless a folder is named. */
  readonly feedbackImapUrl: string | undefined;
  /** Where bounces are taken in by SMTP, on `host`; undefined: nowhere. */
  readonly feedbackSmtpPort: number | undefined;
  /** What replaces parts of the usual escalation policy; `cascades` knows its fields. */
  readonly cascadeEscalation: Readonly<Record<string, unknown>> | undefined;
  /** While on, only addresses on `trialAllow` (or the capture transport) are ever written to. */
  readonly trialMode: boolean;
  /** Who approved that trial mode is off; production demands it. */
  readonly trialOffApprovedBy: string | undefined;
  /** Addresses, or domains that start with @, in lower case. */
  readonly trialAllow: readonly string[];
  /** How many reverse proxies stand in front, whose X-Forwarded-* headers are believed. */
  readonly trustProxy: number;
  /** Requests a minute that one caller may make of one route. */
  readonly rateLimitPerMinute: number;
  /** Host names and addresses, in lower case, that webhooks may have although they are not public. */
  readonly webhookAllowPrivate: readonly string[];
  /** Undefined: nobody signs in through a provider. */
  readonly oidc: OidcConfig | undefined;
  /** Signs links and return paths. */
  readonly secret: string;
  /** Outside production only: the instant at which the clock stands still. */
  readonly clock: Date | undefined;
  /** Where traces go, and which share of them; undefined: nothing is traced. */
  readonly traces: { readonly endpoint: string; readonly share: number } | undefined;
  readonly logLevel: string;
}

/**
 * Reads the whole configuration once, from the environment.
 * @throws AppError `bad-configuration`, one for all, whose message names every bad or missing setting and what was
 * expected; never repeats a value, as values may be secrets. UnavailableError `data-dir-unusable`.
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  // An empty setting is one that a compose file left blank: it means "not set".
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    throw refused(
      parsed.error.issues.map(({ path: [setting, ...at], message }) => {
        const where = at.length === 0 ? '' : ` (${at.join('.')})`;
        return `${String(setting)}${where}: ${message}`;
      }),
    );
  }
  const env = parsed.data;
  const production = env.NODE_ENV === 'production';
  const trialMode = env.TRIAL_MODE ?? true;
  const oidc = oidcOf(env);
  if (env.SMTP_URL && env.SMTP_TRANSPORTS) throw refused(['SMTP_TRANSPORTS: give either this or SMTP_URL']);
  if (env.MAIL_PROFILE && !env.SMTP_URL) {
    throw refused(['MAIL_PROFILE: this is the profile of SMTP_URL; in SMTP_TRANSPORTS each names its own']);
  }
  if (production) refuseUnsafe(env, trialMode);
  const dataDir = resolve(env.DATA_DIR);
  return {
    environment: env.NODE_ENV,
    roles: env.ROLES,
    queues: env.QUEUES,
    host: env.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: env.PORT,
    publicUrl: env.PUBLIC_URL,
    cqrsUrl: env.CQRS_URL ?? 'https://cqrs.example.test/',
    guidanceUrl: env.GUIDANCE_URL ?? 'https://guidance.example.test/cqrs-sign-in',
    dataDir,
    templatesDir: resolve(env.TEMPLATES_DIR),
    bankHolidaysFile: resolve(env.BANK_HOLIDAYS_FILE),
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    queuePrefix: env.QUEUE_PREFIX,
    smtpUrl: env.SMTP_URL,
    smtpTransports: env.SMTP_TRANSPORTS ?? [],
    mailProfile: env.MAIL_PROFILE,
    mailDomainConcurrency: env.MAIL_DOMAIN_CONCURRENCY ?? new Map(),
    mailFrom: env.MAIL_FROM ?? 'The CQRS team <cqrs-comms@example.test>',
    mailRatePerMinute: env.MAIL_RATE_PER_MINUTE,
    mailDayBudget: env.MAIL_DAY_BUDGET,
    feedbackImapUrl: env.FEEDBACK_IMAP_URL,
    feedbackSmtpPort: env.FEEDBACK_SMTP_PORT,
    cascadeEscalation: env.CASCADE_ESCALATION,
    trialMode,
    trialOffApprovedBy: trialMode ? undefined : env.TRIAL_OFF_APPROVED_BY,
    trialAllow: env.TRIAL_ALLOW.map((item) => item.toLowerCase()),
    trustProxy: env.TRUST_PROXY,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    webhookAllowPrivate: env.WEBHOOK_ALLOW_PRIVATE.map((item) => item.toLowerCase()),
    oidc,
    secret: env.SECRET ?? secretOf(dataDir),
    clock: env.CLOCK === undefined ? undefined : new Date(env.CLOCK),
    traces: env.OTEL_EXPORTER_OTLP_ENDPOINT
      ? { endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT, share: env.OTEL_TRACES_SAMPLER_ARG }
      : undefined,
    logLevel: env.LOG_LEVEL,
  };
}

function oidcOf(env: z.infer<typeof environmentSchema>): OidcConfig | undefined {
  if (!env.OIDC_ISSUER) return undefined;
  if (!env.OIDC_CLIENT_ID) throw refused(['OIDC_CLIENT_ID: OIDC_ISSUER needs the id of this client']);
  if (env.OIDC_GROUPS && !env.OIDC_ROLES_CLAIM) {
    throw refused(['OIDC_ROLES_CLAIM: OIDC_GROUPS needs the name of the claim that lists a person’s groups']);
  }
  return {
    issuer: env.OIDC_ISSUER,
    clientId: env.OIDC_CLIENT_ID,
    clientSecret: env.OIDC_CLIENT_SECRET,
    scope: env.OIDC_SCOPE,
    rolesClaim: env.OIDC_ROLES_CLAIM,
    groups: env.OIDC_GROUPS,
    admins: env.OIDC_ADMINS,
  };
}

/** Names that never lead anywhere (RFC 2606, RFC 6761), as in the defaults of this service and of its compose file. */
const EXAMPLE = /(?:^|\.)(?:example\.(?:com|net|org)|test|example|invalid|localhost)$/i;

function refuseUnsafe(env: z.infer<typeof environmentSchema>, trialMode: boolean): void {
  const faults: string[] = [];
  if (!env.DATABASE_URL) faults.push('DATABASE_URL: production needs a PostgreSQL server of its own');
  if (!env.REDIS_URL) faults.push('REDIS_URL: production needs a Redis server');
  if (!env.SMTP_URL && !env.SMTP_TRANSPORTS) faults.push('SMTP_URL: production refuses the capture transport');
  if (!env.SECRET) faults.push('SECRET: production needs a secret of at least 32 characters');
  if (env.SECRET && /change.?me|example|default/i.test(env.SECRET)) faults.push('SECRET: this is a default secret');
  if (env.OIDC_ISSUER?.startsWith('http:')) faults.push('OIDC_ISSUER: production needs an https:// address');
  if (!env.PUBLIC_URL) faults.push('PUBLIC_URL: production needs the address under which people reach the pages');
  if (!env.CQRS_URL) faults.push('CQRS_URL: production needs the address at which people sign in to CQRS');
  if (!env.GUIDANCE_URL) faults.push('GUIDANCE_URL: production needs the address of the sign-in guidance');
  if (!env.MAIL_FROM) faults.push('MAIL_FROM: production needs the address that emails come from');
  if (!trialMode) {
    const places = {
      PUBLIC_URL: env.PUBLIC_URL && new URL(env.PUBLIC_URL).hostname,
      CQRS_URL: env.CQRS_URL && new URL(env.CQRS_URL).hostname,
      GUIDANCE_URL: env.GUIDANCE_URL && new URL(env.GUIDANCE_URL).hostname,
      MAIL_FROM: /@([^@\s<>]+)>?\s*$/.exec(env.MAIL_FROM ?? '')?.[1],
    };
    if (env.PUBLIC_URL?.startsWith('http:')) {
      faults.push(
        'PUBLIC_URL: with trial mode off this is an https:// address: what signs people in must not be readable',
      );
    }
    for (const [setting, place] of Object.entries(places)) {
      if (EXAMPLE.test(place ?? '')) faults.push(`${setting}: with trial mode off this may be no example`);
    }
  }
  if (env.CLOCK) faults.push('CLOCK: the clock cannot be fixed in production');
  if (!trialMode && !env.TRIAL_OFF_APPROVED_BY) {
    faults.push('TRIAL_MODE: switching trial mode off needs TRIAL_OFF_APPROVED_BY, the name of who approved it');
  }
  if (env.TRIAL_ALLOW.some((item) => item.startsWith('@'))) {
    faults.push('TRIAL_ALLOW: a whole domain is no trial, in production name each address of it');
  }
  if (faults.length > 0) throw refused(faults);
}

/** Not an InvalidInputError: whoever runs an import by a script takes exit code 2 for a refused file. */
function refused(faults: string[]): AppError {
  return new AppError('bad-configuration', `Configuration refused. ${faults.join('; ')}`);
}

/** Embedded default: a random secret made on first use, kept beside the data that it protects. */
function secretOf(dataDir: string): string {
  try {
    return secretIn(join(dataDir, 'secret'));
  } catch (error) {
    throw new UnavailableError('data-dir-unusable', dataFolderFault(dataDir, error), { cause: error });
  }
}

/** The address under which people reach the pages, with a slash at the end of its host. */
export function publicUrlOf({ publicUrl, host, port }: Config): string {
  return publicUrl ?? `http://${host}:${port}/`;
}
