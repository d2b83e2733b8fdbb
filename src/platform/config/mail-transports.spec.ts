import { type Config, loadConfig } from './config.js';
import { isCaptured, mailLimitsOf, mailTransportsOf } from './mail-transports.js';

const config = (settings: Record<string, string>): Config =>
  loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!', ...settings });
const list = (...transports: object[]) => ({ SMTP_TRANSPORTS: JSON.stringify(transports) });

describe('the transports of the configuration', () => {
  it('are none, one or several', () => {
    expect(isCaptured(config({}))).toBe(true);
    expect(mailTransportsOf(config({ SMTP_URL: 'smtp://relay.test' }))).toEqual([
      { name: undefined, url: 'smtp://relay.test', weight: 1 },
    ]);
    const several = config(
      list(
        { name: 'relay', url: 'smtp://relay.test', weight: 3 },
        { name: 'spare', url: 'smtps://spare.test', weight: 0 },
      ),
    );
    expect(isCaptured(several)).toBe(false);
    expect(mailTransportsOf(several).map(({ name, weight }) => [name, weight])).toEqual([
      ['relay', 3],
      ['spare', 0],
    ]);
  });

  it('know the limits of Exchange Online by one setting, which others may lower', () => {
    const exchange = { SMTP_URL: 'smtp://smtp.office365.test', MAIL_PROFILE: 'exchange-online' };
    expect(mailLimitsOf(config(exchange))).toEqual({ ratePerMinute: 30, dayBudget: 10_000 });
    expect(mailLimitsOf(config({ ...exchange, MAIL_RATE_PER_MINUTE: '20' })).ratePerMinute).toBe(20);
    const named = { name: 'exchange', url: 'smtp://smtp.office365.test', profile: 'exchange-online' };
    expect(mailTransportsOf(config(list({ ...named, ratePerMinute: 25 })))[0]).toMatchObject({
      ratePerMinute: 25,
      dayBudget: 10_000,
    });
    expect(mailLimitsOf(config(list(named, { ...named, name: 'second' }))).ratePerMinute).toBe(60);
    expect(
      mailLimitsOf(config(list(named, { name: 'relay', url: 'smtp://relay.test' }))).ratePerMinute,
    ).toBeUndefined();
  });

  it('may have limits to a domain', () => {
    expect([...config({ MAIL_DOMAIN_CONCURRENCY: 'NHS.net=10, *=2' }).mailDomainConcurrency]).toEqual([
      ['nhs.net', 10],
      ['*', 2],
    ]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no JSON', { SMTP_TRANSPORTS: 'smtp://relay.test' }, /SMTP_TRANSPORTS: expected a JSON list/],
    ['an empty list', { SMTP_TRANSPORTS: '[]' }, /SMTP_TRANSPORTS: /],
    ['an unknown field', list({ name: 'a', url: 'smtp://a.test', speed: 3 }), /SMTP_TRANSPORTS \(0\): .*speed/],
    ['a bad address', list({ name: 'a', url: 'http://a.test' }), /SMTP_TRANSPORTS \(0\.url\): expected an address/],
    ['a bad weight', list({ name: 'a', url: 'smtp://a.test', weight: -1 }), /SMTP_TRANSPORTS \(0\.weight\): /],
    ['an unknown profile', list({ name: 'a', url: 'smtp://a.test', profile: 'x' }), /SMTP_TRANSPORTS \(0\.profile\): /],
    [
      'one name twice',
      list({ name: 'a', url: 'smtp://a.test' }, { name: 'a', url: 'smtp://b.test' }),
      /SMTP_TRANSPORTS: expected a different name for each/,
    ],
    ['none that works', list({ name: 'a', url: 'smtp://a.test', weight: 0 }), /SMTP_TRANSPORTS: expected a weight/],
    [
      'both ways at once',
      { SMTP_URL: 'smtp://a.test', ...list({ name: 'a', url: 'smtp://a.test' }) },
      /SMTP_TRANSPORTS: give either/,
    ],
    ['a profile of nothing', { MAIL_PROFILE: 'exchange-online' }, /MAIL_PROFILE: /],
    ['a domain on the trial list without its @', { TRIAL_ALLOW: 'testa@nhs.net, nhs.net' }, /TRIAL_ALLOW .*: expected/],
    [
      'a limit that is none',
      { MAIL_DOMAIN_CONCURRENCY: 'nhs.net=0' },
      /MAIL_DOMAIN_CONCURRENCY: expected domain=number/,
    ],
  ])('are refused with the name of the setting: %s', (_, settings, message) => {
    expect(() => config(settings)).toThrow(message);
  });
});
