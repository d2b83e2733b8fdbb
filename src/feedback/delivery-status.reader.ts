import { ADDRESS } from './address.pattern.js';
import { header, readHeaders, type Headers } from './mime.reader.js';

const MAX_RECIPIENTS = 100;
/** Field names that open a per-recipient block (RFC 3464 section 2.3), and what real systems write instead. */
const opensRecipient = /^(?:final-recipient|original-recipient|x-actual-recipient|x-original-recipient|final-log-id)$/;

const anAddress = new RegExp(ADDRESS);

/** One per-recipient block of a delivery status report, with the text that belongs to it. */
export interface StatusBlock {
  /** Best address: Original-Recipient is what the sender wrote, Final-Recipient what it became on the way. */
  readonly addresses: readonly string[];
  /** Lower case, first word: failed, delayed, delivered, relayed, expanded, or a vendor's own. */
  readonly action: string;
  readonly status: string;
  readonly diagnosticType: string;
  readonly diagnostic: string;
  /** Comments of Status, and vendors' categories such as X-PowerMTA-BounceCategory. */
  readonly remarks: string;
}

/**
 * Reads the blocks of a message/delivery-status part; also of plain text that holds such fields, which is how the report
 * looks after a relay has lost its MIME structure.
 */
export function readDeliveryStatus(text: string): StatusBlock[] {
  const blocks: StatusBlock[] = [];
  let pending: string[] = [];
  // Their names alone: whoever writes a hundred thousand fields must not make each be held against all before it.
  const names = new Set<string>();
  const flush = (): void => {
    const fields = readHeaders(pending.join('\n'));
    pending = [];
    names.clear();
    if (
      [...fields.keys()].some((name) => opensRecipient.test(name)) ||
      (header(fields, 'action') && header(fields, 'status'))
    ) {
      blocks.push(blockOf(fields));
    }
  };
  for (const line of text.split('\n')) {
    if (blocks.length >= MAX_RECIPIENTS) break;
    if (line.trim() === '') flush();
    else if (/^\s/.test(line) && pending.length > 0) pending.push(` ${line.trim()}`);
    else {
      if (beginsAnother(line, names)) flush();
      pending.push(line.trim());
      names.add(nameOf(line.trim()));
    }
  }
  flush();
  return blocks;
}

/** Some systems leave out the empty line between two recipients: then their names, once more, tell them apart. */
function beginsAnother(line: string, names: ReadonlySet<string>): boolean {
  const name = nameOf(line);
  return ['final-recipient', 'original-recipient'].includes(name) && names.has(name) && names.has('action');
}

/** Of a field, in lower case; empty of a line that is none. */
const nameOf = (line: string): string => line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase();

function blockOf(fields: Headers): StatusBlock {
  const status = header(fields, 'status');
  const diagnosticCode = header(fields, 'diagnostic-code');
  const typed = /^([\w-]{1,30})\s*;\s*/.exec(diagnosticCode);
  return {
    addresses: [
      'original-recipient',
      'x-original-recipient',
      'final-recipient',
      'x-actual-recipient',
      'removed-recipient',
    ]
      .map((name) => addressOf(header(fields, name)))
      .filter((address) => address !== ''),
    action: /^[a-z-]+/i.exec(header(fields, 'action'))?.[0].toLowerCase() ?? '',
    status: /[245]\.\d{1,3}\.\d{1,3}/.exec(status)?.[0] ?? '',
    diagnosticType: (typed?.[1] ?? '').toLowerCase(),
    diagnostic: typed ? diagnosticCode.slice(typed[0].length) : diagnosticCode,
    remarks: [
      /\((.{1,300})\)/.exec(status)?.[1],
      header(fields, 'x-powermta-bouncecategory'),
      header(fields, 'x-supplementary-info'),
      header(fields, 'x-notes'),
      header(fields, 'diagnostic-text'),
    ]
      .filter(Boolean)
      .join(' '),
  };
}

/** A character outside ASCII in a report of seven bits: `\x{E4}` (RFC 6533, utf-8-addr-xtext). */
const escaped = /\\x\{([0-9a-f]{2,6})\}/gi;
/** Behind the type `utf-8` (RFC 6533) stands an address and no running text, so any script may be in it. */
const anyScript = /[^\s<>]{1,128}@[^\s<>]{1,255}/;
const unescaped = (text: string): string =>
  text.replace(escaped, (_, hex: string) =>
    Number.parseInt(hex, 16) > 0x10ffff ? '' : String.fromCodePoint(Number.parseInt(hex, 16)),
  );

/** Takes the address out of `rfc822; <someone@example.com>` and of what stands in its place; empty when none is there. */
export function addressOf(field: string): string {
  const value = field.includes(';') ? field.slice(field.indexOf(';') + 1) : field;
  const found = (/^\s*utf-8;/i.test(field) ? anyScript.exec(unescaped(value)) : anAddress.exec(value))?.[0] ?? '';
  return found.replace(/\.+$/, '').replace(/^smtp=/i, '');
}
