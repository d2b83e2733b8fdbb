import { isAscii } from 'node:buffer';
import { type ByteWriter } from '../shared/byte-writer.js';
import { InvalidInputError } from '../shared/errors.js';
import { remembered } from '../shared/remembered.js';
import type { Attachment } from '../rendering/index.js';
import { fileNameParameter, headerDate, type Mailbox, mailboxHeader, plainHeader, textHeader } from './mime.header.js';

/** What all messages of one template version and sender share. */
export interface FixedParts {
  readonly from: Mailbox;
  readonly replyTo?: Mailbox;
  /** Right-hand side of each Message-ID. */
  readonly messageIdDomain: string;
  readonly attachments?: readonly Pick<Attachment, 'filename' | 'contentType' | 'content'>[];
}

/** What is the recipient's own. */
export interface MessageParts {
  /** Left-hand side of the Message-ID: the ledger id, so that a copy sent again is recognised as the same message. */
  readonly id: string;
  readonly date: Date;
  readonly to: Mailbox;
  /** Raw text on one line. */
  readonly subject: string;
  /** Write whole quoted-printable bodies, as `CompiledTemplate.encoder` gives them. */
  readonly text: (out: ByteWriter) => void;
  readonly html: (out: ByteWriter) => void;
  /** Only on optional mail: where one POST ends it (RFC 8058). A service notice has none. */
  readonly unsubscribeUrl?: string;
}

export interface MimeComposer {
  /**
   * The complete RFC 5322 message, in ASCII, with CRLF line ends; the same parts give the same bytes. It lies in the
   * memory of `out`.
   * @throws InvalidInputError `unmailable-address`, `broken-header` (a line break in a value), `broken-body` (a body
   * that is not quoted-printable).
   */
  compose(parts: MessageParts, out: ByteWriter): Buffer;
}

// "=_" can stand in no quoted-printable or base64 body (RFC 2045 section 6.7), so these never need to be random.
const MIXED = '=_mixed';
const ALTERNATIVE = '=_alternative';
const ALTERNATIVE_TYPE = `Content-Type: multipart/alternative; boundary="${ALTERNATIVE}"\r\n\r\n`;
const MIXED_TYPE = `Content-Type: multipart/mixed; boundary="${MIXED}"\r\n\r\n--${MIXED}\r\n`;
const TEXT_PART = partStart('text/plain; charset=utf-8', 'quoted-printable');
const HTML_PART = Buffer.from(partStart('text/html; charset=utf-8', 'quoted-printable'), 'latin1');
const ALTERNATIVE_END = `\r\n--${ALTERNATIVE}--\r\n`;

const MESSAGE_ID_SIDE = /^[a-z0-9]+(?:[.-][a-z0-9]+)*$/i;

/** Prepares everything that does not change from one recipient to the next. The same errors as `compose`. */
export function prepareComposer(fixed: FixedParts): MimeComposer {
  requireIdSide(fixed.messageIdDomain, 'domain');
  const from = mailboxHeader('From', fixed.from);
  const replyTo = fixed.replyTo ? mailboxHeader('Reply-To', fixed.replyTo) : '';
  // Exchange answers a stranger's mail with out-of-office replies unless told not to; bounces (NDR) are still wanted.
  const standing = `${replyTo}MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\n`;
  const attachments = attachmentParts(fixed.attachments ?? []);
  const end = Buffer.from(ALTERNATIVE_END + attachments, 'latin1');
  const bodyStart = (attachments ? MIXED_TYPE : '') + ALTERNATIVE_TYPE + TEXT_PART;
  // Thousands in a row have the same.
  const dateHeader = remembered((second: number) => plainHeader('Date', headerDate(new Date(second * 1_000))));
  const subjectHeader = remembered((subject: string) => textHeader('Subject', subject));

  return {
    compose(parts, out) {
      requireIdSide(parts.id, 'id');
      out.drop();
      out.ascii(
        `Message-ID: <${parts.id}@${fixed.messageIdDomain}>\r\n` +
          dateHeader(Math.floor(parts.date.getTime() / 1_000)) +
          from +
          mailboxHeader('To', parts.to) +
          subjectHeader(parts.subject) +
          standing +
          unsubscribeHeaders(parts.unsubscribeUrl) +
          bodyStart,
      );
      parts.text(out);
      out.bytes(HTML_PART);
      parts.html(out);
      out.bytes(end);
      const mime = out.take();
      if (isAscii(mime)) return mime;
      throw new InvalidInputError('broken-body', 'A body is not quoted-printable: it has a character outside ASCII');
    },
  };
}

function partStart(contentType: string, encoding: string): string {
  return `\r\n--${ALTERNATIVE}\r\nContent-Type: ${contentType}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
}

function unsubscribeHeaders(url: string | undefined): string {
  if (url === undefined) return '';
  if (!URL.canParse(url) || /[<>\s]/.test(url)) {
    throw new InvalidInputError('broken-header', 'List-Unsubscribe: expected one absolute URL');
  }
  // RFC 8058 section 3.1 allows one-click over https only.
  const oneClick = url.startsWith('https:') ? 'List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n' : '';
  return `${plainHeader('List-Unsubscribe', `<${url}>`)}${oneClick}`;
}

function attachmentParts(attachments: NonNullable<FixedParts['attachments']>): string {
  if (attachments.length === 0) return '';
  const parts = attachments.map(
    ({ filename, contentType, content }) =>
      `\r\n--${MIXED}\r\n` +
      `${plainHeader('Content-Type', contentType).trimEnd()};\r\n ${fileNameParameter('name', filename)}\r\n` +
      `Content-Disposition: attachment;\r\n ${fileNameParameter('filename', filename)}\r\n` +
      'Content-Transfer-Encoding: base64\r\n\r\n' +
      content.toString('base64').replace(/.{76}(?!$)/g, '$&\r\n'),
  );
  return `${parts.join('')}\r\n--${MIXED}--\r\n`;
}

function requireIdSide(value: string, side: string): void {
  if (!MESSAGE_ID_SIDE.test(value)) {
    throw new InvalidInputError(
      'broken-header',
      `Message-ID: the ${side} may hold letters, digits, dots and hyphens only`,
    );
  }
}
