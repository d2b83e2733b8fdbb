// Plain JavaScript, as Jest's global set-up runs outside the compiler.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A private Redis on a free port, or undefined (said loudly) where the machine has no redis-server. */
export async function startRedis() {
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const started = await new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(false));
    child.stdout.on('data', (chunk) => {
      if (chunk.includes('Ready to accept connections')) resolve(true);
    });
  });
  if (!started) {
    process.stderr.write(
      '\n*** NO redis-server ON THIS MACHINE: the specs that need Redis are skipped. CI has it and skips nothing. ***\n\n',
    );
    return undefined;
  }
  return {
    url: `redis://127.0.0.1:${port}/0`,
    pid: child.pid,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

export async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
