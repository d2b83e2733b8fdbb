// A small SMTP server that offers PIPELINING, takes everything and keeps nothing; for machines without smtp-sink.
import { createServer } from 'node:net';

const server = createServer((socket) => {
  let rest = '';
  let inMessage = false;
  socket.setNoDelay(true).write('220 sink.test ESMTP\r\n');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    let replies = '';
    for (;;) {
      if (inMessage) {
        const end = rest.indexOf('\r\n.\r\n');
        if (end < 0) {
          // Enough to find an end that is split over two chunks.
          rest = rest.slice(-4);
          break;
        }
        rest = rest.slice(end + 5);
        inMessage = false;
        replies += '250 2.0.0 Ok\r\n';
        continue;
      }
      const end = rest.indexOf('\r\n');
      if (end < 0) break;
      const verb = rest.slice(0, 4).toUpperCase();
      rest = rest.slice(end + 2);
      if (verb === 'DATA') {
        inMessage = true;
        // The message may follow without a line end before its first one.
        rest = `\r\n${rest}`;
        replies += '354 End data with <CR><LF>.<CR><LF>\r\n';
      } else if (verb === 'EHLO') replies += '250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n';
      else if (verb === 'QUIT') {
        socket.end(`${replies}221 2.0.0 Bye\r\n`);
        return;
      } else replies += '250 2.0.0 Ok\r\n';
    }
    if (replies !== '') socket.write(replies);
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.once('disconnect', () => process.exit());
