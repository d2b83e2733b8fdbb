import { type LintFinding, lineAt } from './lint.finding.js';
import { readElements, type MarkupElement } from './markup.reader.js';
import { contrastRatio, readColour } from './colour.contrast.js';

const MAX_HTML = 80 * 1024;
const VAGUE_LINK =
  /^(?:click(?: here)?|here|link|this link|this page|read more|more|more information|find out more)[.!]?$/i;
const BARE_URL = /^(?:https?:\/\/|www\.)\S+$/i;

/** Faults of an HTML body that a reader or a mail program would meet. */
export function lintMarkup(html: string): LintFinding[] {
  const elements = readElements(html);
  return [
    ...lintSize(html),
    ...lintOutlookComments(html),
    ...lintImages(elements),
    ...elements.flatMap((element) => [...lintLink(element), ...lintContrast(element)]),
  ];
}

function lintSize(html: string): LintFinding[] {
  const size = Buffer.byteLength(html);
  if (size < MAX_HTML) return [];
  const message = `The HTML has ${size} bytes; mail programs cut it off near 100 KB, so it must stay under ${MAX_HTML}`;
  return [{ rule: 'html-size', line: 1, message }];
}

/** `<!--[if mso]>` … `<![endif]-->` open and close one after the other; Outlook shows nothing after one left open. */
function lintOutlookComments(html: string): LintFinding[] {
  const findings: LintFinding[] = [];
  let open: number | undefined;
  for (const match of html.matchAll(/<!--\[if[^\]]*\]>|<!\[endif\]-->/gi)) {
    const line = lineAt(html, match.index);
    if (match[0].startsWith('<!--')) {
      if (open !== undefined)
        findings.push({ rule: 'outlook-comments', line, message: `Opens inside the Outlook comment of line ${open}` });
      open = line;
    } else {
      if (open === undefined)
        findings.push({ rule: 'outlook-comments', line, message: 'Closes an Outlook comment that is not open' });
      open = undefined;
    }
  }
  if (open !== undefined)
    findings.push({ rule: 'outlook-comments', line: open, message: 'This Outlook comment is never closed' });
  return findings;
}

function lintLink({ tag, attributes, text, line }: MarkupElement): LintFinding[] {
  if (tag !== 'a' || attributes.href === undefined) return [];
  const words = text.replace(/\s+/g, ' ').trim();
  if (words === '') return [{ rule: 'link-text', line, message: 'A link without text' }];
  if (VAGUE_LINK.test(words))
    return [{ rule: 'link-text', line, message: `"${words}" does not say where the link leads` }];
  if (BARE_URL.test(words))
    return [{ rule: 'link-text', line, message: `"${words}" is an address: say where it leads` }];
  return [];
}

export function lintImages(elements: readonly MarkupElement[]): LintFinding[] {
  return elements.filter(({ tag }) => tag === 'img' || tag === 'mj-image').flatMap(lintImage);
}

function lintImage({ attributes, line }: MarkupElement): LintFinding[] {
  const findings: LintFinding[] = [];
  if (attributes.alt === undefined)
    findings.push({ rule: 'alt-text', line, message: 'An image without alt: empty when it is decoration' });
  if (/^(?:https?:)?\/\//i.test(attributes.src ?? ''))
    findings.push({
      rule: 'external-image',
      line,
      message: 'An image from elsewhere is blocked by most mail programs, or tracks the reader',
    });
  return findings;
}

/** WCAG 2.2 success criterion 1.4.3, for colours that are written on the elements themselves. */
function lintContrast({ ownText, style, line }: MarkupElement): LintFinding[] {
  const text = ownText.trim();
  if (text === '' || style.hidden) return [];
  const colour = readColour(style.colour);
  const background = readColour(style.background);
  if (!colour || !background) return [];
  const large = style.fontSize >= 24 || (style.bold && style.fontSize >= 18.66);
  const ratio = contrastRatio(colour, background);
  const needed = large ? 3 : 4.5;
  if (ratio >= needed) return [];
  const message = `${style.colour} on ${style.background} has a contrast of ${ratio.toFixed(1)}; ${needed} is needed`;
  return [{ rule: 'contrast', line, message }];
}
