import 'reflect-metadata';
import { loadConfig } from './platform/config/index.js';
import { PinoLogger } from './platform/logging/index.js';
import { announce } from './announce.js';
import { createWebApplication, oneLine } from './start.js';

try {
  const config = loadConfig(process.env);
  const running = await createWebApplication({ config, logger: new PinoLogger(config.logLevel) });
  let stopping = false;
  const stop = (): void => {
    // A second Ctrl-C, or SIGTERM after it, changes nothing: what is on the wire has its time limit.
    if (stopping) return;
    stopping = true;
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${oneLine(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await running.app.listen(config.port, config.host);
  } catch (error) {
    await running.stop();
    throw error;
  }
  await announce(running.app, config);
} catch (error) {
  process.stderr.write(`${oneLine(error)}\n`);
  process.exit(1);
}
