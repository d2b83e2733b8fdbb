import fc from 'fast-check';
import { type ParsedMail, simpleParser } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import { encode, wrap } from 'nodemailer/lib/qp';
import { ByteWriter } from '../shared/byte-writer.js';
import { type MessageParts, prepareComposer } from './mime.composer.js';

const encoded = (body: string) => (out: ByteWriter) => {
  out.bytes(Buffer.from(body));
};
const quotedPrintable = (text: string): string => wrap(encode(text.replace(/\n/g, '\r\n')), 76);

const fixed = {
  from: { name: 'The CQRS team', address: 'cqrs-comms@example.test' },
  replyTo: { name: 'Service desk, CQRS', address: 'desk@example.test' },
  messageIdDomain: 'example.test',
};
const text = 'Dear Testa,\n\nDeclare before midday – 12:00 – on 18 September 2026.\n.\n..two dots = fine\n';
const html = '<p>Dear Testa,</p>\n<p>Declare before <b>midday</b> – it’s a Friday.</p>\n';
const parts: MessageParts = {
  id: '0190b6f2-7f2c-7c1e-9a51-0c3a5d3c1a01',
  date: new Date('2026-09-14T08:00:00Z'),
  to: { name: 'Testa Sample', address: 'testa.sample1@nhs.net' },
  subject: 'Declare before midday on 18 September 2026',
  text: encoded(quotedPrintable(text)),
  html: encoded(quotedPrintable(html)),
};
const pdf = { filename: 'Guidance.pdf', contentType: 'application/pdf', content: Buffer.from('%PDF-1.7\n'.repeat(99)) };

/** What a reader makes of a message: everything but the boundaries. */
function reading(mail: ParsedMail): unknown {
  const { messageId, date, from, to, replyTo, subject, text: plain, html: rich } = mail;
  return {
    ...{ messageId, date, subject, text: plain, html: rich },
    addresses: [from, to, replyTo].map((list) => (Array.isArray(list) ? list : [list]).map((one) => one?.value)),
    attachments: mail.attachments.map(({ filename, contentType, content, contentDisposition }) => ({
      ...{ filename, contentType, contentDisposition },
      content: content.toString('base64'),
    })),
  };
}

async function byNodemailer(attachments: (typeof pdf)[]): Promise<Buffer> {
  return new MailComposer({
    from: fixed.from,
    replyTo: fixed.replyTo,
    to: { name: parts.to.name ?? '', address: parts.to.address },
    messageId: `<${parts.id}@example.test>`,
    date: parts.date,
    subject: parts.subject,
    text,
    html,
    attachments,
  })
    .compile()
    .build();
}

describe('the MIME composer', () => {
  it.each([
    ['text and HTML', []],
    ['text, HTML and an attachment', [pdf]],
    ['attachments whose names are not ASCII', [{ ...pdf, filename: 'Leitfaden – für "alle".pdf' }, pdf]],
  ])('is read as the message that nodemailer would have composed: %s', async (_title, attachments) => {
    const ours = await simpleParser(prepareComposer({ ...fixed, attachments }).compose(parts, new ByteWriter()));
    expect(reading(ours)).toEqual(reading(await simpleParser(await byNodemailer(attachments))));
    expect(ours.text).toBe(text);
    expect(ours.attachments).toHaveLength(attachments.length);
  });

  it('says that it is automatic, and offers an end only to optional mail', async () => {
    const composer = prepareComposer(fixed);
    const notice = await simpleParser(composer.compose(parts, new ByteWriter()));
    expect(notice.headers.get('auto-submitted')).toBe('auto-generated');
    expect(notice.headers.has('list')).toBe(false);
    const optional = composer
      .compose({ ...parts, unsubscribeUrl: 'https://example.test/stop/abc' }, new ByteWriter())
      .toString();
    expect(optional).toContain('\r\nList-Unsubscribe: <https://example.test/stop/abc>\r\n');
    expect(optional).toContain('\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n');
  });

  it('gives the same bytes for the same parts, lines of at most 78 characters, and no bare line end', () => {
    const compose = (): string =>
      prepareComposer({ ...fixed, attachments: [pdf] })
        .compose(parts, new ByteWriter())
        .toString('latin1');
    expect(compose()).toBe(compose());
    expect(compose().replace(/\r\n/g, '')).not.toMatch(/[\r\n]/);
    expect(
      Math.max(
        ...compose()
          .split('\r\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(78);
  });

  it('carries any subject to the reader unchanged, and any display name without blanks at its ends', async () => {
    const printable = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 });
    const word = printable.filter((value) => !/[\p{Cc}\u2028\u2029\ufeff]/u.test(value));
    await fc.assert(
      fc.asyncProperty(word, word, async (subject, name) => {
        const mime = prepareComposer(fixed).compose({ ...parts, subject, to: { ...parts.to, name } }, new ByteWriter());
        const { subject: read, to, headerLines } = await simpleParser(mime);
        expect(read).toBe(subject);
        expect([to].flat()[0]?.value[0]?.name).toBe(name.trim());
        for (const { line } of headerLines) {
          for (const folded of line.split('\r\n')) expect(folded.length).toBeLessThanOrEqual(78);
        }
      }),
      {
        numRuns: 300,
        examples: [
          [' ', ' '],
          ['a', '! '],
        ],
      },
    );
  });

  it.each(['Zoë Sample', 'Sample, Testa (Dr)', 'Testa "Tess" Sample', 'O’Sample', 'Σample', '=?utf-8?Q?x?=', 'a.b@c'])(
    'carries the display name %s',
    async (name) => {
      const { to } = await simpleParser(
        prepareComposer(fixed).compose({ ...parts, to: { ...parts.to, name } }, new ByteWriter()),
      );
      expect([to].flat()[0]?.value).toEqual([{ name, address: parts.to.address }]);
    },
  );

  it.each([
    ['a line break in the subject', { subject: 'x\r\nBcc: other@example.test' }, 'broken-header'],
    ['a line break in a name', { to: { ...parts.to, name: 'x\nBcc: y' } }, 'broken-header'],
    ['an id that would break the Message-ID', { id: 'a>b' }, 'broken-header'],
    ['a link with a space', { unsubscribeUrl: 'https://example.test/a b' }, 'broken-header'],
    ['an address outside ASCII', { to: { address: 'zoë@nhs.net' } }, 'unmailable-address'],
    ['an internationalised domain', { to: { address: 'zoe@exämple.test' } }, 'unmailable-address'],
    ['two addresses', { to: { address: 'a@example.test,b@example.test' } }, 'unmailable-address'],
    ['a line break in the address', { to: { address: 'a@example.test\r\nBcc:b' } }, 'unmailable-address'],
    ['a body that is not encoded', { text: encoded('midday – exactly') }, 'broken-body'],
  ])('refuses %s', (_title, change, code) => {
    expect(() => prepareComposer(fixed).compose({ ...parts, ...change }, new ByteWriter())).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });
});
