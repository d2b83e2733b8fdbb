import { join } from 'node:path';
import { loadConfig } from './config.js';
import { PROJECT_ROOT } from './project-root.js';

const FILE = join(PROJECT_ROOT, 'package.json');

const load = (settings: Record<string, string>) => () =>
  loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!', ...settings });

describe('a bad setting is one line that names it', () => {
  it.each([
    ['PORT', 'x', 'a whole number from 0 to 65535'],
    ['PORT', ' ', 'a whole number from 0 to 65535'],
    ['MAIL_DAY_BUDGET', '10,000', 'a whole number from 1 to 100000000'],
    ['MAIL_RATE_PER_MINUTE', '0', 'a whole number from 1 to 10000000'],
    ['TRUST_PROXY', 'true', 'a whole number from 0 to 10'],
    ['CQRS_URL', 'https:cqrs.example.test', 'starts with http:// or https://'],
    ['SMTP_URL', 'smtp:relay', 'starts with smtp://'],
    ['SMTP_URL', 'smtp://user:pa#ss@relay.example.test', '%23'],
    ['REDIS_URL', 'redis://:pa/ss@redis', '%2F'],
    ['TRIAL_OFF_APPROVED_BY', ' ', 'TRIAL_OFF_APPROVED_BY'],
    ['SMTP_URL', 'file://', 'expected file:///folder, the whole path of a folder'],
    ['SMTP_URL', 'file:///', 'expected file:///folder, the whole path of a folder'],
    ['SMTP_URL', 'file://var/mail', 'expected file:///folder, the whole path of a folder'],
  ])('%s=%j: %s', (setting, value, expected) => {
    expect(load({ [setting]: value })).toThrow(`Configuration refused. ${setting}: `);
    expect(load({ [setting]: value })).toThrow(expected);
    expect(load({ [setting]: value })).not.toThrow(/NaN|; .*:/);
    expect(load({ [setting]: value })).not.toThrow(/pa.ss/);
  });

  it.each([
    ['is a file', () => FILE, 'it is a file, or below one'],
    ['is below a file', () => join(FILE, 'data'), 'it is a file, or below one'],
    ['cannot be made', () => '/proc/nothing/data', 'there is no such folder'],
  ])('DATA_DIR: a folder that %s', (_, folder, why) => {
    const dataDir = folder();
    const without = () => loadConfig({ NODE_ENV: 'test', DATA_DIR: dataDir });
    expect(without).toThrow(`DATA_DIR: expected a folder that this user may write to. ${dataDir}: ${why}`);
  });

  it('SMTP_TRANSPORTS: a file transport that names no folder', () => {
    const transports = JSON.stringify([{ name: 'drop', url: 'file://' }]);
    expect(load({ SMTP_TRANSPORTS: transports })).toThrow(
      'SMTP_TRANSPORTS (0.url): expected file:///folder, the whole path of a folder',
    );
  });

  it('takes what a person would write', () => {
    expect(load({ PORT: '8080', CQRS_URL: 'HTTPS://cqrs.example.test' })()).toMatchObject({ port: 8080 });
    expect(load({ SMTP_URL: 'FILE:///var/mail%20drop' })()).toMatchObject({ smtpUrl: 'FILE:///var/mail%20drop' });
  });
});

describe('production', () => {
  const PRODUCTION = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://comms@db.test/comms',
    REDIS_URL: 'redis://queue.test',
    SMTP_URL: 'smtp://relay.test',
    SECRET: 'forty characters that nobody else can know',
    PUBLIC_URL: 'https://comms.nhs.uk/',
    CQRS_URL: 'https://cqrs.nhs.uk/',
    GUIDANCE_URL: 'https://guidance.nhs.uk/',
    MAIL_FROM: 'CQRS <cqrs@nhs.net>',
  };

  it('starts in trial mode, and out of it by the word of somebody who is named', () => {
    expect(load(PRODUCTION)()).toMatchObject({ environment: 'production', trialMode: true });
    const off = { ...PRODUCTION, TRIAL_MODE: 'off', TRIAL_OFF_APPROVED_BY: 'Testa Sample' };
    expect(load(off)()).toMatchObject({ trialMode: false, trialOffApprovedBy: 'Testa Sample' });
    expect(load({ ...PRODUCTION, TRIAL_ALLOW: 'testa.sample1@nhs.net' })()).toMatchObject({
      trialAllow: ['testa.sample1@nhs.net'],
    });
  });

  it.each([
    ['DATABASE_URL', ''],
    ['REDIS_URL', ''],
    ['SMTP_URL', ''],
    ['SECRET', ''],
    ['SECRET', 'change-me-change-me-change-me-change-me'],
    ['PUBLIC_URL', ''],
    ['CQRS_URL', ''],
    ['GUIDANCE_URL', ''],
    ['MAIL_FROM', ''],
    ['OIDC_ISSUER', 'http://sign-in.test'],
    ['CLOCK', '2026-09-14T08:00:00Z'],
    ['TRIAL_MODE', 'off'],
    // Nearly everybody the service writes to has such an address: it would be trial mode off that nobody approved.
    ['TRIAL_ALLOW', 'testa.sample1@nhs.net, @nhs.net'],
  ])('refuses %s=%j', (setting, value) => {
    const settings = { ...PRODUCTION, ...(setting === 'OIDC_ISSUER' && { OIDC_CLIENT_ID: 'comms' }), [setting]: value };
    expect(load(settings)).toThrow(new RegExp(`^Configuration refused\\. ${setting}: [^;]*$`));
  });

  it('lets nobody sign in over a connection that others read, once mail is real', () => {
    const settings = { ...PRODUCTION, PUBLIC_URL: 'http://comms.nhs.uk/' };
    expect(load(settings)()).toMatchObject({ trialMode: true });
    expect(load({ ...settings, TRIAL_MODE: 'off', TRIAL_OFF_APPROVED_BY: 'Testa Sample' })).toThrow(
      /^Configuration refused\. PUBLIC_URL: [^;]*https:[^;]*$/,
    );
  });

  it.each([
    ['PUBLIC_URL', 'https://localhost/'],
    ['CQRS_URL', 'https://cqrs.example.test/'],
    ['GUIDANCE_URL', 'https://www.example.com:8443/guidance'],
    ['MAIL_FROM', 'The CQRS team <cqrs-comms@example.test>'],
  ])('writes to nobody real while %s is an example: %s', (setting, value) => {
    const settings = { ...PRODUCTION, [setting]: value };
    expect(load(settings)()).toMatchObject({ trialMode: true });
    expect(load({ ...settings, TRIAL_MODE: 'off', TRIAL_OFF_APPROVED_BY: 'Testa Sample' })).toThrow(
      new RegExp(`^Configuration refused\\. ${setting}: [^;]*example[^;]*$`),
    );
  });

  it('names all that is missing in one line', () => {
    expect(load({ NODE_ENV: 'production', SECRET: '' })).toThrow(
      /^Configuration refused\. DATABASE_URL: .*REDIS_URL: .*SMTP_URL: .*SECRET: .*PUBLIC_URL: .*CQRS_URL: .*GUIDANCE_URL: /,
    );
  });
});
