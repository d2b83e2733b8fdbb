import fc from 'fast-check';
import { MalformedReplyError, type SmtpReply, SmtpReplyParser } from './smtp-reply.parser.js';

const text = fc.string({ unit: fc.constantFrom('a', ' ', '0', '2', '.', '-', '<', '>', '@', ':'), maxLength: 20 });
const reply = fc.record({
  code: fc.integer({ min: 200, max: 599 }),
  lines: fc.array(text, { minLength: 1, maxLength: 4 }),
});
const onTheWire = ({ code, lines }: { code: number; lines: string[] }): string =>
  lines.map((line, i) => `${code}${i === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('');

describe('the SMTP reply parser', () => {
  it('finds the same replies wherever the network cuts them', () => {
    fc.assert(
      fc.property(fc.array(reply, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(200)), (replies, cuts) => {
        const wire = Buffer.from(replies.map(onTheWire).join(''));
        const parser = new SmtpReplyParser();
        const found: SmtpReply[] = [];
        const edges = [0, ...cuts.filter((cut) => cut < wire.length).sort((a, b) => a - b), wire.length];
        edges.slice(1).forEach((edge, i) => found.push(...parser.push(wire.subarray(edges[i], edge))));
        expect(found).toEqual(replies.map(({ code, lines }) => ({ code, text: lines.join('\n') })));
      }),
    );
  });

  it('takes a reply without text and one that ends in a bare line feed', () => {
    expect(new SmtpReplyParser().push(Buffer.from('250\r\n354 go\n'))).toEqual([
      { code: 250, text: '' },
      { code: 354, text: 'go' },
    ]);
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n', '25 ok\r\n', '250ok\r\n', '\r\n', '150 x\r\n'])('refuses %j', (line) => {
    expect(() => new SmtpReplyParser().push(Buffer.from(line))).toThrow(MalformedReplyError);
  });

  it.each([
    ['in lines', '250-and on\r\n'],
    ['in one line', '250 and on '],
  ])('refuses a reply that goes on for ever %s', (_title, piece) => {
    const parser = new SmtpReplyParser();
    expect(() => {
      for (let i = 0; i < 10_000; i++) parser.push(Buffer.from(piece));
    }).toThrow(MalformedReplyError);
  });
});
