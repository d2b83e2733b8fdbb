import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captured, withService } from '../../src/commands/terminal.js';

let folder: string;
const before = process.env['DATA_DIR'];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cqrs-comms-demo-'));
  process.env['DATA_DIR'] = join(folder, 'service');
});
afterEach(async () => {
  if (before === undefined) delete process.env['DATA_DIR'];
  else process.env['DATA_DIR'] = before;
  await rm(folder, { recursive: true, force: true });
});

it('signs the links of a demo with the secret of its own folder, by which whoever starts there later knows them', async () => {
  const dataDir = join(folder, 'demo');
  const used = await withService((_, config) => Promise.resolve(config), { modules: [], ...captured(dataDir) });
  expect(used).toMatchObject({ dataDir, databaseUrl: undefined, smtpTransports: [], trialMode: true });
  expect(used.secret).toBe((await readFile(join(dataDir, 'secret'), 'utf8')).trim());
});
