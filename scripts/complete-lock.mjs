// Completes package-lock.json with the optional packages of other platforms that a registry mirror did not show us.
// Without them `npm ci` refuses the lock ("Missing: @swc/core-darwin-arm64 from lock file"). Run after changing the lock.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const path = join(import.meta.dirname, '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const platforms = { linux: 'linux', darwin: 'darwin', win32: 'win32', freebsd: 'freebsd', android: 'android' };
const cpus = ['arm64', 'x64', 'ia32', 'arm', 's390x', 'ppc64', 'riscv64', 'loong64'];
let added = 0;

for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${place}/node_modules/${name}`;
    if (lock.packages[`node_modules/${name}`] || lock.packages[nested]) continue;
    let { os, cpu } = guess(name);
    try {
      const shown = JSON.parse(
        execFileSync('npm', ['view', `${name}@${version}`, 'os', 'cpu', '--json'], { encoding: 'utf8' }),
      );
      os = shown.os ?? os;
      cpu = shown.cpu ?? cpu;
    } catch {
      // Not in this registry: the name says the platform.
    }
    lock.packages[`node_modules/${name}`] = {
      version: version.replace(/^[^\d]*/, ''),
      optional: true,
      ...(os && { os }),
      ...(cpu && { cpu }),
    };
    added += 1;
  }
}
if (added > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${added} optional packages added to package-lock.json`);

function guess(name) {
  const os = Object.keys(platforms).find((p) => name.includes(p));
  const cpu = cpus.find((c) => name.includes(c));
  return { os: os && [os], cpu: cpu && [cpu] };
}
