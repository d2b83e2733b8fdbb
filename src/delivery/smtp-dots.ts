const LF = 0x0a;
const DOT = 0x2e;
const CRLF = Buffer.from('\r\n');
const LF_DOT = Buffer.from('\n.');

/**
 * The message as it goes through DATA (RFC 5321 section 4.5.2): a dot in front of each dot that begins a line, CRLF at
 * the end, without the final dot. A line begins after any line feed, so that no server which takes a bare one for a
 * line end can be told that the message has ended. Copies only if something changes.
 */
export function dotStuffed(mime: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let start = 0;
  if (mime[0] === DOT) pieces.push(mime.subarray(0, 1));
  for (let at = mime.indexOf(LF_DOT); at >= 0; at = mime.indexOf(LF_DOT, start)) {
    pieces.push(mime.subarray(start, at + LF_DOT.length));
    start = at + 1;
  }
  const ended = mime.length >= 2 && mime[mime.length - 1] === LF && mime[mime.length - 2] === 0x0d;
  if (pieces.length === 0 && ended) return mime;
  pieces.push(mime.subarray(start));
  if (!ended) pieces.push(CRLF);
  return Buffer.concat(pieces);
}
