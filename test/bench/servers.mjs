// The servers at the other end, each a process of its own.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startRedis } from '../support/redis-server.mjs';

/** Debian keeps mail programs where an ordinary user's PATH does not look. */
export function program(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Takes every message and keeps none. @returns {Promise<{port: number, name: string}>} */
export async function startSink({ cleanUp, warn }) {
  const command = program('smtp-sink');
  if (command === undefined) {
    warn(
      'NO smtp-sink AND smtp-source ON THIS MACHINE (Debian: package postfix): baseline A is missing, the sink is a Node process',
    );
    return { port: (await startProgram(cleanUp, 'sink', {})).port, name: 'a sink in Node' };
  }
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  cleanUp.program(command, ['-4', ...user, `127.0.0.1:${port}`, '4096']);
  await accepts(port);
  return { port, name: 'smtp-sink' };
}

/** A private Redis; undefined, said loudly, where there is none. */
export async function startQueueServer({ cleanUp, warn }) {
  const redis = await startRedis();
  if (!redis) {
    warn(
      'NO redis-server ON THIS MACHINE: all queues are in PostgreSQL, and what a recipient costs in Redis is not measured',
    );
    return undefined;
  }
  cleanUp.add(() => redis.stop());
  return redis;
}

/** One of `children` that runs until the clean-up and talks over IPC. @returns its first message and a way to ask it */
export async function startProgram(cleanUp, name, argument) {
  const child = fork(join(import.meta.dirname, 'children', `${name}.mjs`), [JSON.stringify(argument)]);
  const ended = once(child, 'exit');
  cleanUp.add(async () => {
    if (child.connected) child.disconnect();
    await ended;
  });
  const first = await Promise.race([
    once(child, 'message').then(([message]) => message),
    ended.then(([code]) => {
      throw new Error(`${name} ended with ${code} before it was ready`);
    }),
  ]);
  return {
    ...first,
    async ask(question) {
      child.send(question);
      const [answer] = await once(child, 'message');
      if (answer.error) throw new Error(answer.error);
      return answer;
    },
  };
}

async function accepts(port) {
  for (let waited = 0; waited < 10_000; waited += 50) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'data');
      return;
    } catch {
      await delay(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`Nothing answers on port ${port}`);
}
