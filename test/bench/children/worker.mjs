// A process of the service, a worker unless other roles are given. Asked for 'peak' it answers with the most memory it
// held since it was asked last, asked for { send: count } with how long that took.
import { boundHeap } from '../../../dist/heap.js';
import { Engine } from '../engine.mjs';

// As in the service where a process is a worker and nothing else.
boundHeap();

const engine = await Engine.start(JSON.parse(process.argv[2]));
let peakBytes = 0;
let sampling;
const answers = {
  peak() {
    sampling ??= setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), 50).unref();
    const answer = { peakBytes };
    peakBytes = process.memoryUsage.rss();
    return answer;
  },
  send: ({ send }) => engine.send(send),
};
process.on('message', async (question) => {
  const answer = question === 'peak' ? answers.peak : answers.send;
  try {
    process.send(await answer(question));
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.once('disconnect', () => {
  void engine.stop().finally(() => process.exit());
});
process.send({ ready: true });
