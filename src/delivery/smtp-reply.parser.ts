/** A whole reply of an SMTP server. */
export interface SmtpReply {
  /** 200 to 599. */
  readonly code: number;
  /** The lines without their codes, joined by line feeds. */
  readonly text: string;
}

/** The server said something that is no SMTP reply: nothing it says afterwards can be attributed to a command. */
export class MalformedReplyError extends Error {}

/** Longer than any honest reply: an endless one must not fill the memory. */
const LONGEST_REPLY = 64 * 1024;
/** RFC 5321 section 4.2: three digits, then a hyphen on all lines but the last. Some servers leave the space out. */
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/;

/** Puts replies together from whatever pieces the network delivers. */
export class SmtpReplyParser {
  private rest = '';
  private lines: string[] = [];
  private length = 0;

  /**
   * The replies that `chunk` completes, in order.
   * @throws MalformedReplyError
   */
  push(chunk: Buffer): SmtpReply[] {
    const replies: SmtpReply[] = [];
    const text = this.rest + chunk.toString('latin1');
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const reply = this.line(text.slice(start, text[end - 1] === '\r' ? end - 1 : end));
      if (reply) replies.push(reply);
      start = end + 1;
    }
    this.rest = text.slice(start);
    this.limit(this.length + this.rest.length);
    return replies;
  }

  private line(line: string): SmtpReply | undefined {
    const match = LINE.exec(line);
    if (!match) throw new MalformedReplyError('The server sent a line that is no SMTP reply');
    this.lines.push(match[3] ?? '');
    if (match[2] === '-') {
      this.length += line.length;
      this.limit(this.length);
      return undefined;
    }
    const reply = { code: Number(match[1]), text: this.lines.length === 1 ? (match[3] ?? '') : this.lines.join('\n') };
    this.lines = [];
    this.length = 0;
    return reply;
  }

  private limit(length: number): void {
    if (length > LONGEST_REPLY) throw new MalformedReplyError('The server sent a reply that does not end');
  }
}
