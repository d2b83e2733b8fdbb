// A worker process of the service. Asked for 'peak' it answers with the most memory it held since it was asked last, asked
// for { send: count } with how long that took it.
import { Engine } from '../engine.mjs';

const engine = await Engine.start(JSON.parse(process.argv[2]));
let peakBytes = 0;
setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), 50).unref();
const answers = {
  peak() {
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
