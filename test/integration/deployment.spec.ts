import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { parse } from 'yaml';
import { loadConfig, mailTransportsOf, ROLES, SETTINGS } from '../../src/platform/config/index.js';
import { HealthController } from '../../src/platform/health/health.controller.js';
import { QUEUES } from '../../src/platform/jobs/index.js';

interface Service {
  command?: string[];
  user?: string;
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}
const root = join(import.meta.dirname, '..', '..');
const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
};
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const ours = ['migrate', ...ROLES].map((name) => [name, compose.services[name]!] as const);

/** Docker's `${NAME:-default}`, `${NAME-default}` (for a name that is not given at all) and `${NAME:?message}`. */
const resolve = (environment: Record<string, string>, given: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(
        /\$\{(\w+)(?:(:?)([-?])([^}]*))?\}/g,
        (_, variable: string, colon: string, kind: string, rest: string) => {
          const own = given[variable];
          return own !== undefined && (own !== '' || colon === '') ? own : kind === '-' ? rest : '';
        },
      ),
    ]),
  );

describe('docker-compose.yml', () => {
  it('runs one service for each role of the code, beside PostgreSQL, Redis, a mail sink and a one-shot migrate', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      ['mail-sink', 'migrate', 'postgres', 'redis', ...ROLES].sort(),
    );
    for (const role of ROLES) expect(compose.services[role]!.environment!['ROLES']).toBe(role);
    expect(compose.services['migrate']!.command).toEqual(['node', 'dist/cli.js', 'migrate']);
  });

  it.each(ours)('gives %s only settings that the code knows', (_, service) => {
    const known = new Set([...SETTINGS]);
    expect(Object.keys(service.environment!).filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(ours)('gives %s a configuration that production accepts', (_, service) => {
    const given = { POSTGRES_PASSWORD: 'p', SECRET: 'x'.repeat(40) };
    const config = loadConfig(resolve(service.environment!, given));
    expect(config).toMatchObject({ environment: 'production', trialMode: true, port: 3000 });
    expect(config.databaseUrl).toContain('@postgres:5432/');
    expect(config.redisUrl).toBe('redis://redis:6379/0');
  });

  it('hands on every setting that the README names, so that none is set in vain', () => {
    const rows = readme.split('\n').filter((line) => /^\| `[A-Z]/.test(line));
    const named = rows.flatMap((row) => row.split('|')[1]!.match(/[A-Z_]{4,}/g) ?? []);
    expect(named).toContain('TRIAL_ALLOW');
    // The templates and the bank holidays are those of the image.
    const fixedHere = ['HOST', 'PORT', 'CLOCK', 'TEMPLATES_DIR', 'BANK_HOLIDAYS_FILE'];
    const handedOn = new Set(ours.flatMap(([, service]) => Object.keys(service.environment!)));
    expect(named.filter((name) => !handedOn.has(name) && !fixedHere.includes(name))).toEqual([]);
  });

  it('lets several transports take the place of the mail sink', () => {
    const transports = JSON.stringify([{ name: 'relay', url: 'smtps://relay.example.test' }]);
    const given = { POSTGRES_PASSWORD: 'p', SECRET: 'x'.repeat(40), SMTP_URL: '', SMTP_TRANSPORTS: transports };
    const config = loadConfig(resolve(compose.services['worker']!.environment!, given));
    expect(mailTransportsOf(config).map(({ name, url }) => [name, url])).toEqual([
      ['relay', 'smtps://relay.example.test'],
    ]);
  });

  it('serves all queues of the code in its workers', () => {
    const config = loadConfig(
      resolve(compose.services['worker']!.environment!, { POSTGRES_PASSWORD: 'p', SECRET: 'x'.repeat(40) }),
    );
    expect([...config.queues].sort()).toEqual([...QUEUES].sort());
  });

  it('asks a health path that the code serves', () => {
    const paths = Object.getOwnPropertyNames(HealthController.prototype).flatMap((name) => {
      const handler = (HealthController.prototype as unknown as Record<string, object>)[name]!;
      const isGet = Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.GET;
      return isGet
        ? [
            `/${String(Reflect.getMetadata(PATH_METADATA, HealthController))}/${String(Reflect.getMetadata(PATH_METADATA, handler))}`,
          ]
        : [];
    });
    for (const role of ROLES) {
      const asked = /http:\/\/127\.0\.0\.1:3000(\/[a-z/]+)/.exec(
        compose.services[role]!.healthcheck!.test.join(' '),
      )?.[1];
      expect(paths).toContain(asked);
    }
  });

  it('starts nothing of ours before the migration is through, and nothing as root', () => {
    for (const role of ROLES) {
      expect(compose.services[role]!.depends_on!['migrate']!.condition).toBe('service_completed_successfully');
      expect(compose.services[role]!.user).toBe('node');
    }
    expect(
      dockerfile
        .trimEnd()
        .split('\n')
        .filter((line) => line.startsWith('USER'))
        .at(-1),
    ).toBe('USER node');
    expect(dockerfile).toContain('CMD ["node", "dist/main.js"]');
  });
});
