// Put before a process with --import: writes each package of which our code loads a module into the file LOADED_PACKAGES.
import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// The hooks run on a thread of their own, where this file is read once more.
if (isMainThread) register(import.meta.url);

export function load(url, context, next) {
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (name !== undefined) appendFileSync(process.env.LOADED_PACKAGES, `${name}\n`);
  return next(url, context);
}
