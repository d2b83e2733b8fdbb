import { isAscii } from 'node:buffer';
import { InvalidInputError } from '../shared/errors.js';
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
  /** Whole quoted-printable bodies, as `CompiledTemplate.renderEncoded` gives them. */
  readonly text: string;
  readonly html: string;
  /** Only on optional mail: where one POST ends it (RFC 8058). A service notice has none. */
  readonly unsubscribeUrl?: string;
}

export interface MimeComposer {
  /**
   * The complete RFC 5322 message, in ASCII, with CRLF line ends; the same parts give the same bytes.
   * @throws InvalidInputError `unmailable-address`, `broken-header` (a line break in a value), `broken-body` (a body
   * that is not quoted-printable).
   */
  compose(parts: MessageParts): Buffer;
}

// "=_" can stand in no quoted-printable or base64 body (RFC 2045 section 6.7), so these never need to be random.
const MIXED = '=_mixed';
const ALTERNATIVE = '=_alternative';
const ALTERNATIVE_TYPE = `Content-Type: multipart/alternative; boundary="${ALTERNATIVE}"\r\n\r\n`;
const MIXED_TYPE = `Content-Type: multipart/mixed; boundary="${MIXED}"\r\n\r\n--${MIXED}\r\n`;
const TEXT_PART = partStart('text/plain; charset=utf-8', 'quoted-printable');
const HTML_PART = partStart('text/html; charset=utf-8', 'quoted-printable');
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
  const slabs = new Slabs();
  const bodyStart = (attachments ? MIXED_TYPE : '') + ALTERNATIVE_TYPE + TEXT_PART;

  return {
    compose(parts) {
      requireIdSide(parts.id, 'id');
      const message =
        `Message-ID: <${parts.id}@${fixed.messageIdDomain}>\r\n` +
        plainHeader('Date', headerDate(parts.date)) +
        from +
        mailboxHeader('To', parts.to) +
        textHeader('Subject', parts.subject) +
        standing +
        unsubscribeHeaders(parts.unsubscribeUrl) +
        bodyStart +
        parts.text +
        HTML_PART +
        parts.html +
        ALTERNATIVE_END;
      const bytes = slabs.take(message.length);
      // Cut short by a character that takes more than one byte, or with such a character in it.
      if (bytes.write(message, 'utf8') !== message.length || !isAscii(bytes)) {
        throw new InvalidInputError('broken-body', 'A body is not quoted-printable: it has a character outside ASCII');
      }
      return attachments ? Buffer.concat([bytes, attachments]) : bytes;
    },
  };
}

const SLAB = 1024 * 1024;

/** Room for many messages at once: memory of its own for each keeps the garbage collector busy. */
class Slabs {
  private slab = Buffer.alloc(0);
  private used = 0;

  take(length: number): Buffer {
    if (this.used + length > this.slab.length) {
      this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB, length));
      this.used = 0;
    }
    return this.slab.subarray(this.used, (this.used += length));
  }
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

function attachmentParts(attachments: NonNullable<FixedParts['attachments']>): Buffer | undefined {
  if (attachments.length === 0) return undefined;
  const parts = attachments.map(
    ({ filename, contentType, content }) =>
      `\r\n--${MIXED}\r\n` +
      `${plainHeader('Content-Type', contentType).trimEnd()};\r\n ${fileNameParameter('name', filename)}\r\n` +
      `Content-Disposition: attachment;\r\n ${fileNameParameter('filename', filename)}\r\n` +
      'Content-Transfer-Encoding: base64\r\n\r\n' +
      content.toString('base64').replace(/.{76}(?!$)/g, '$&\r\n'),
  );
  return Buffer.from(`${parts.join('')}\r\n--${MIXED}--\r\n`, 'latin1');
}

function requireIdSide(value: string, side: string): void {
  if (!MESSAGE_ID_SIDE.test(value)) {
    throw new InvalidInputError(
      'broken-header',
      `Message-ID: the ${side} may hold letters, digits, dots and hyphens only`,
    );
  }
}
