import { type HeaderLines } from 'mailparser';
import { InvalidInputError, NotFoundError } from '../shared/errors.js';
import { decodeRaws, decodeSummaries } from './capture.block.js';
import { type BlockRef, type CaptureLimits, CaptureLog } from './capture.log.js';
import { type CapturedSummary, summarise } from './capture.summary.js';

/** A captured message as lists show it. */
export interface CapturedItem extends CapturedSummary {
  readonly id: string;
  /** When it was captured, by the clock of the machine. */
  readonly capturedAt: Date;
}

/** A captured message, opened. */
export interface CapturedMessage {
  readonly id: string;
  /** Envelope. */
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly date: string | null;
  /** As they stand in the message, in order, unfolded and undecoded. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly html: string | null;
  readonly text: string;
  readonly attachments: readonly {
    readonly filename: string;
    readonly contentType: string;
    readonly content: Buffer;
  }[];
  readonly raw: Buffer;
}

export interface InboxSearch {
  /** Each is a part of the text, in any case; all must hold. */
  readonly to?: string;
  readonly subject?: string;
  readonly text?: string;
  /** The `next` of the page before. */
  readonly after?: string;
  /** At most 500. */
  readonly limit: number;
}

export interface InboxPage {
  /** Newest first. */
  readonly items: readonly CapturedItem[];
  /** Undefined: there is no more. */
  readonly next?: string;
}

const DEFAULT_LIMITS: CaptureLimits = { messages: 200_000, bytes: 1024 ** 3 };
const LARGEST_PAGE = 500;
/** A search lets others work after this many milliseconds. */
const TURN = 5;

/**
 * The mail that never left: kept in files under a folder, over restarts, up to a bound beyond which the oldest goes.
 * Lives beside the database and not in it, because 30,000 messages would be 600 MB of table there and are 20 MB here.
 */
export class CaptureInbox {
  private readonly log: CaptureLog;

  constructor(folder: string, limits: CaptureLimits = DEFAULT_LIMITS) {
    this.log = new CaptureLog(folder, limits);
  }

  /** Resolves with the id once the message would survive the end of the process. */
  add(from: string, to: readonly string[], raw: Buffer): Promise<string> {
    return this.log.append(summarise(from, to, raw), raw);
  }

  /** @throws InvalidInputError `bad-cursor`, `bad-limit`. */
  async search({ limit, after, ...wanted }: InboxSearch): Promise<InboxPage> {
    if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_PAGE) {
      throw new InvalidInputError('bad-limit', `limit: expected a whole number from 1 to ${LARGEST_PAGE}`);
    }
    const blocks = await this.log.blocks();
    const start = after === undefined ? undefined : locate(after, blocks);
    const items: CapturedItem[] = [];
    let resumed = performance.now();
    for (let b = start?.block ?? blocks.length - 1; b >= 0; b--) {
      const block = blocks[b];
      if (!block) break;
      if (performance.now() - resumed > TURN) {
        await new Promise(setImmediate);
        resumed = performance.now();
      }
      const summaries = this.summaries(block, wanted);
      const from = b === start?.block ? start.index - 1 : summaries.length - 1;
      for (let index = from; index >= 0; index--) {
        const summary = summaries[index];
        if (!summary || !holds(summary, wanted)) continue;
        // One more than the page shows that there is a next one.
        if (items.length === limit) return { items, next: items[limit - 1]?.id ?? '' };
        items.push({ ...summary, id: `${block.segment}.${block.offset}.${index}`, capturedAt: new Date(block.time) });
      }
    }
    return { items };
  }

  /** @throws NotFoundError `captured-message` where it never was or is no longer kept. */
  async get(id: string): Promise<CapturedMessage> {
    const blocks = await this.log.blocks();
    const { block: at, index } = locate(id, blocks);
    const block = blocks[at];
    const summaries = block ? (JSON.parse(this.summariesJson(block)) as CapturedSummary[]) : [];
    const summary = summaries[index];
    if (!block || !summary)
      throw new NotFoundError('captured-message', 'This captured message is not, or no longer, kept');
    const raws = await decodeRaws(this.log.read(block, block.summariesLength, block.rawsLength));
    const start = summaries.slice(0, index).reduce((sum, { size }) => sum + size, 0);
    const raw = raws.subarray(start, start + summary.size);
    // Loaded where messages are opened, which workers and schedulers never do.
    const { simpleParser } = await import('mailparser');
    const mail = await simpleParser(raw);
    const { from, to, subject, date } = summary;
    return {
      ...{ id, from, to, subject, date, raw },
      headers: mail.headerLines.map(headerOf),
      html: mail.html || null,
      text: mail.text ?? '',
      attachments: mail.attachments.map(({ filename, contentType, content }) => ({
        filename: filename ?? 'attachment',
        contentType,
        content,
      })),
    };
  }

  async count(): Promise<number> {
    return (await this.log.blocks()).reduce((sum, { count }) => sum + count, 0);
  }

  /** Forgets every message. */
  async clear(): Promise<void> {
    await this.log.clear();
  }

  async close(): Promise<void> {
    await this.log.close();
  }

  private summaries(block: BlockRef, wanted: Wanted): CapturedSummary[] {
    const json = this.summariesJson(block);
    // Most blocks hold nothing of what is sought, and looking at the whole text is ten times as fast as parsing it.
    const whole = json.toLowerCase();
    const possible = [wanted.to, wanted.subject, wanted.text].every((part = '') => whole.includes(inJson(part)));
    return possible ? (JSON.parse(json) as CapturedSummary[]) : [];
  }

  private summariesJson(block: BlockRef): string {
    return decodeSummaries(this.log.read(block, 0, block.summariesLength));
  }
}

type Wanted = Pick<InboxSearch, 'to' | 'subject' | 'text'>;

function holds(summary: CapturedSummary, { to, subject, text }: Wanted): boolean {
  return contains(summary.to, to) && contains(summary.subject, subject) && contains(summary.text, text);
}

function contains(whole: string, part: string | undefined): boolean {
  return part === undefined || whole.toLowerCase().includes(normalised(part));
}

function normalised(part: string): string {
  return part.replace(/\s+/g, ' ').toLowerCase();
}

function inJson(part: string): string {
  return JSON.stringify(normalised(part)).slice(1, -1);
}

function locate(id: string, blocks: readonly BlockRef[]): { block: number; index: number } {
  const match = /^([a-z0-9-]+)\.(\d{1,15})\.(\d{1,9})$/.exec(id);
  if (!match) throw new InvalidInputError('bad-cursor', 'Expected the id of a captured message');
  const block = blocks.findIndex(({ segment, offset }) => segment === match[1] && offset === Number(match[2]));
  return { block, index: Number(match[3]) };
}

function headerOf({ key, line }: HeaderLines[number]): { name: string; value: string } {
  const colon = line.indexOf(':');
  return {
    name: line.slice(0, colon) || key,
    value: line
      .slice(colon + 1)
      .replace(/\r?\n(?=[ \t])/g, '')
      .trim(),
  };
}
