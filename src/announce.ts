import { type NestExpressApplication } from '@nestjs/platform-express';
import { OneTimeLink } from './access/index.js';
import { type Config } from './platform/config/index.js';

/** Says where the service is and, embedded, how to sign in: once, on the terminal of whoever started it. */
export async function announce(app: NestExpressApplication, config: Config): Promise<void> {
  const address = config.publicUrl ?? (await app.getUrl()).replace('[::1]', 'localhost');
  process.stderr.write(`cqrs-comms (${config.roles.join(', ')}) at ${address}\n`);
  const link = config.roles.includes('web') ? await app.get(OneTimeLink).create() : undefined;
  if (link !== undefined) process.stderr.write(`Sign in once with ${new URL(link, address).toString()}\n`);
}
