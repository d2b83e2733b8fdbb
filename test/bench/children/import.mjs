// A first import of a CQRS export into an empty directory: { path, dataDir } -> { rows, seconds, peakBytes, peakBefore }
import { join } from 'node:path';
import { ImportService } from '../../../dist/directory/index.js';
import { boundHeap } from '../../../dist/heap.js';
import { ACTOR, applied, FIXTURES, startService } from '../service.mjs';

// As the command does.
boundHeap();
const { path, dataDir } = JSON.parse(process.argv[2]);
const service = await startService({ dataDir });
try {
  const imports = service.get(ImportService);
  applied(await imports.importOrganisations([join(FIXTURES, 'ods')], { actor: ACTOR }));
  const peakBefore = peak();
  const started = performance.now();
  const report = applied(await imports.importAccounts(path, { actor: ACTOR }));
  const seconds = (performance.now() - started) / 1000;
  const rows = report.files.reduce((sum, file) => sum + file.rows, 0);
  process.stdout.write(`${JSON.stringify({ rows, seconds, peakBytes: peak(), peakBefore })}\n`);
} finally {
  await service.stop();
}

function peak() {
  return process.resourceUsage().maxRSS * 1024;
}
