// A process of the build with 60 MB in use that goes through 600 MB more, each piece of which outlives the young
// generation. Writes the most that it held, in bytes.
import { boundHeap } from '../../dist/heap.js';

boundHeap();

const kilobyte = (i) => new Array(120).fill(i + 0.5);
const inUse = Array.from({ length: 60_000 }, (_, i) => kilobyte(i));
const passing = new Array(30_000);
let peak = 0;
for (let i = 0; i < 600_000; i += 1) {
  passing[i % passing.length] = kilobyte(i);
  if (i % 500 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed);
}
process.stdout.write(inUse.length > 0 ? String(peak) : '');
