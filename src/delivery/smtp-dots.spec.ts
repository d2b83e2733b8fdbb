import fc from 'fast-check';
import { dotStuffed } from './smtp-dots.js';

/** What RFC 5321 section 4.5.2 has the receiver do. */
const unstuffed = (data: string): string => data.replace(/^\./gm, '');

describe('dot-stuffing', () => {
  it('gives the receiver the message back, and never a line that ends it early', () => {
    const messages = fc.string({ unit: fc.constantFrom('.', '\r\n', 'a', '..', '\r\n.\r\n', '\n.'), maxLength: 40 });
    fc.assert(
      fc.property(messages, (message) => {
        const data = dotStuffed(Buffer.from(message)).toString();
        expect(data.endsWith('\r\n')).toBe(true);
        expect(data).not.toMatch(/(?:^|\n)\.(?:\r|\n|$)/);
        expect(unstuffed(data)).toBe(message.endsWith('\r\n') ? message : `${message}\r\n`);
      }),
    );
  });

  it('copies nothing when nothing changes', () => {
    const message = Buffer.from('Subject: x\r\n\r\nEnd.\r\n');
    expect(dotStuffed(message)).toBe(message);
  });
});
