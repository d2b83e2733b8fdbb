import { type NestExpressApplication } from '@nestjs/platform-express';
import { OneTimeLink } from './access/index.js';
import { type Config } from './platform/config/index.js';

/** Says where the service is and, embedded, how to sign in: once, on the terminal of whoever started it. */
export async function announce(app: NestExpressApplication, config: Config): Promise<void> {
  const address = config.publicUrl ?? (await app.getUrl()).replace('[::1]', 'localhost');
  process.stderr.write(`cqrs-comms (${config.roles.join(', ')}) at ${address}\n`);
  if (!config.roles.includes('web')) return;
  const links = app.get(OneTimeLink);
  if (links.available) {
    process.stderr.write(`Sign in once with ${new URL(await links.create(), address).toString()}\n`);
  } else if (config.oidc === undefined) {
    process.stderr.write('Nobody can sign in: production needs a sign-in provider (OIDC_ISSUER, OIDC_CLIENT_ID)\n');
  }
}
