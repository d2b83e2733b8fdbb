// Compiles src and templates to dist when they changed since the last build. Type errors are `npm run check`'s business.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const settings = ['.swcrc', 'nest-cli.json', 'package-lock.json'].map((name) => readFileSync(join(root, name)));

// In this order: nest empties dist.
ensure('.source-sha256', 'src', [join('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);
ensure('.templates-sha256', 'templates', [join('scripts', 'build-templates.mjs')]);

/** Runs the step unless its stamp in dist says that it has seen the folder as it is now. */
function ensure(stamp, folder, step) {
  const path = join(root, 'dist', stamp);
  const wanted = stateOf(folder);
  if (existsSync(path) && readFileSync(path, 'utf8') === wanted) return;
  const built = spawnSync(process.execPath, step, { cwd: root, encoding: 'utf8' });
  if (built.status !== 0) {
    console.error(`The build failed:\n${built.stdout}${built.stderr}`);
    process.exit(1);
  }
  writeFileSync(path, wanted);
}

function stateOf(folder) {
  const hash = createHash('sha256').update(process.version);
  for (const content of settings) hash.update(content);
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.spec.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
