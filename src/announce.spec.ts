import { type NestExpressApplication } from '@nestjs/platform-express';
import { type Kysely } from 'kysely';
import { OneTimeLink } from './access/index.js';
import { announce } from './announce.js';
import { type Config, loadConfig } from './platform/config/index.js';
import { FixedClock } from './shared/clock.js';

const development = loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!' });
const oidc = { issuer: 'https://sign-in.test', clientId: 'cqrs' } as Config['oidc'];

/** What is said at the start; whoever touches the database without a reason fails. */
async function said(config: Config): Promise<string> {
  const links = new OneTimeLink(undefined as unknown as Kysely<never>, new FixedClock(new Date(0)), config);
  const app = { get: () => links, getUrl: () => Promise.resolve('http://[::1]:3000') };
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await announce(app as unknown as NestExpressApplication, config);
    return write.mock.calls.map(([line]) => String(line)).join('');
  } finally {
    write.mockRestore();
  }
}

describe('the announcement of a start', () => {
  it('offers no link where people sign in through a provider', async () => {
    const address = 'cqrs-comms (web, worker, scheduler) at http://localhost:3000\n';
    expect(await said({ ...development, oidc })).toBe(address);
    expect(await said({ ...development, oidc, environment: 'production' })).toBe(address);
  });

  it('says in production that nobody can sign in without one', async () => {
    expect(await said({ ...development, environment: 'production' })).toContain('OIDC_ISSUER');
    expect(await said({ ...development, environment: 'production', roles: ['worker'] })).not.toContain('OIDC_ISSUER');
  });
});
