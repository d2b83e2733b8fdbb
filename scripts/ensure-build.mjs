// Compiles src to dist when it changed since the last build. Type errors are `npm run check`'s business.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.source-sha256');
const hash = createHash('sha256').update(process.version);
for (const name of ['.swcrc', 'nest-cli.json', 'package-lock.json']) hash.update(readFileSync(join(root, name)));
for (const entry of readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith('.spec.ts')) continue;
  const path = join(entry.parentPath, entry.name);
  const { size, mtimeMs } = statSync(path);
  hash.update(`${path}\0${size}\0${mtimeMs}\n`);
}
const wanted = hash.digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const built = spawnSync(process.execPath, [nest, 'build'], { cwd: root, encoding: 'utf8' });
  if (built.status !== 0) {
    console.error(`The build failed:\n${built.stdout}${built.stderr}`);
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
