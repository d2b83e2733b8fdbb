// What csv-parse alone needs for a file: { path } -> { rows, seconds, peakBytes }
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';

const { path } = JSON.parse(process.argv[2]);
const started = performance.now();
const parser = createReadStream(path, { highWaterMark: 1 << 18 }).pipe(
  parse({ bom: true, record_delimiter: ['\r\n', '\n', '\r'], relax_column_count: true, relax_quotes: true }),
);
let rows = -1;
for await (const _ of parser) rows += 1;
const seconds = (performance.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ rows, seconds, peakBytes: process.resourceUsage().maxRSS * 1024 })}\n`);
