import 'reflect-metadata';
import { announce } from './announce.js';
import { boundHeap } from './heap.js';
import { Interruption } from './interruption.js';
import { loadConfig } from './platform/config/index.js';
import { PinoLogger } from './platform/logging/index.js';
import { oneLine } from './one-line.js';
import { cannotListen, createWebApplication } from './start.js';

const interruption = new Interruption(0);
try {
  const config = loadConfig(process.env);
  if (config.roles.every((role) => role === 'worker')) boundHeap();
  const running = await createWebApplication({ config, logger: new PinoLogger(config.logLevel) });
  const listening = running.app.listen(config.port, config.host);
  // A stop in the middle of the start would let go of what the start is only taking up.
  interruption.whenRequested(async () => {
    await Promise.allSettled([listening]);
    await running.stop();
  });
  try {
    await listening.catch((error: unknown) => {
      throw cannotListen(error as NodeJS.ErrnoException);
    });
    await announce(running.app, config);
  } catch (error) {
    // Asked to stop in the middle of the start: that is no fault, and the stop is under way.
    if (!interruption.isRequested) {
      await running.stop();
      throw running.explained(error);
    }
  }
} catch (error) {
  process.stderr.write(`${oneLine(error)}\n`);
  process.exit(1);
}
