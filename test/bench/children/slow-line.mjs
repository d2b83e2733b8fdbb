// A line to 127.0.0.1:port on which every byte takes `oneWayMs` in each direction, however many there are.
import { connect, createServer } from 'node:net';

const { port, oneWayMs } = JSON.parse(process.argv[2]);
const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port, host: '127.0.0.1', noDelay: true });
  carry(near, far);
  carry(far, near);
});

function carry(from, to) {
  from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), oneWayMs));
  from.on('end', () => setTimeout(() => to.end(), oneWayMs));
  from.on('error', () => to.destroy());
}
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.once('disconnect', () => process.exit());
