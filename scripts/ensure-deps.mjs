// Installs the locked dependencies when node_modules does not hold them yet. Uses nothing but Node, as it runs first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'node_modules', '.lock-sha256');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(process.version)
  .digest('hex');

// Those before take packages of the compiler (ora) for a cycle of modules, and end in a stack of Node's own.
const [major, minor, patch] = process.versions.node.split('.').map(Number);
const oldest = major === 20 ? [19, 5] : major === 22 ? [15, 0] : [0, 0];
if (major < 20 || major === 21 || minor < oldest[0] || (minor === oldest[0] && patch < oldest[1])) {
  console.error(`cqrs-comms needs Node 20.19.5, 22.15 or newer; this is ${process.version}.`);
  process.exit(1);
}

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  // Everything goes to stderr: commands with --json own stdout.
  const npm = (...args) => {
    const viaNode = process.env.npm_execpath?.endsWith('.js');
    const command = viaNode ? process.execPath : process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const prefix = viaNode ? [process.env.npm_execpath] : [];
    // Without NODE_ENV=production npm would leave out the compiler that the first start needs.
    const env = { ...process.env, NODE_ENV: 'development' };
    return spawnSync(command, [...prefix, ...args], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    }).status;
  };
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  console.error('Installing dependencies (once; about half a minute) …');
  if (npm('ci', ...quiet) !== 0) {
    console.error('npm ci refused the lock file on this machine; trying npm install instead.');
    if (npm('install', '--no-save', ...quiet) !== 0) {
      console.error(
        'The dependencies could not be installed: npm says why above. Check the network or the npm registry setting.',
      );
      process.exit(1);
    }
  }
  writeFileSync(stamp, wanted);
}
