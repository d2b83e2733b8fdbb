// A worker process of the service. Asked for 'peak' it answers with the most memory it held since it was asked last.
import { Engine } from '../engine.mjs';

const engine = await Engine.start(JSON.parse(process.argv[2]));
let peakBytes = 0;
setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), 50).unref();
process.on('message', () => {
  process.send({ peakBytes });
  peakBytes = process.memoryUsage.rss();
});
process.once('disconnect', () => {
  void engine.stop().finally(() => process.exit());
});
process.send({ ready: true });
