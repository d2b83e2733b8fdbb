import { lineAt } from './lint.finding.js';

/** An element of an HTML or MJML text, with what it inherits for reading. */
export interface MarkupElement {
  tag: string;
  line: number;
  attributes: Partial<Record<string, string>>;
  /** All text inside. */
  text: string;
  /** The text directly inside, without that of inner elements. */
  ownText: string;
  style: ReadingStyle;
}

interface ReadingStyle {
  colour: string;
  background: string;
  /** In pixels. */
  fontSize: number;
  bold: boolean;
  hidden: boolean;
}

const VOID = new Set(
  'area base br col embed hr img input link meta source track wbr mj-image mj-divider mj-spacer'.split(' '),
);
const TOKEN =
  /<!--[\s\S]*?-->|<!\[[\s\S]*?\]-->|<(style|script|title|mj-style|mj-title|mj-preview)\b[\s\S]*?<\/\1\s*>|<\/([a-z][\w-]*)[^>]*>|<([a-z][\w:-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>|[^<]+|</gi;
const ATTRIBUTE = /([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

const READER: ReadingStyle = { colour: '#000000', background: '#ffffff', fontSize: 16, bold: false, hidden: false };

/**
 * Reads the elements of a text in order. It wants no more than the linter does: comments are skipped whole, so Outlook's
 * conditional parts are not read, and a closing tag closes the nearest open element of its name.
 */
export function readElements(markup: string): MarkupElement[] {
  const elements: MarkupElement[] = [];
  const open: MarkupElement[] = [];
  for (const match of markup.matchAll(TOKEN)) {
    const [token, , closing, opening, rest] = match;
    if (opening !== undefined) {
      const attributes = readAttributes(rest ?? '');
      const inherited = open.at(-1)?.style ?? READER;
      const tag = opening.toLowerCase();
      const style = readStyle(tag, attributes, inherited);
      const element: MarkupElement = {
        tag,
        line: lineAt(markup, match.index),
        attributes,
        text: '',
        ownText: '',
        style,
      };
      elements.push(element);
      if (!VOID.has(tag) && !(rest ?? '').endsWith('/')) open.push(element);
    } else if (closing !== undefined) {
      const at = open.findLastIndex(({ tag }) => tag === closing.toLowerCase());
      if (at !== -1) open.length = at;
    } else if (!token.startsWith('<')) {
      for (const element of open) element.text += token;
      const innermost = open.at(-1);
      if (innermost) innermost.ownText += token;
    }
  }
  return elements;
}

/** The text that a reader sees, each line in its place. */
export function visibleText(markup: string): string {
  return markup.replace(TOKEN, (token) => (token.startsWith('<') ? token.replace(/[^\n]+/g, ' ') : token));
}

function readAttributes(text: string): Partial<Record<string, string>> {
  const attributes: Partial<Record<string, string>> = {};
  for (const [, name = '', double, single, bare] of text.matchAll(ATTRIBUTE))
    attributes[name.toLowerCase()] = double ?? single ?? bare ?? '';
  return attributes;
}

function readStyle(tag: string, attributes: Partial<Record<string, string>>, inherited: ReadingStyle): ReadingStyle {
  const declared = new Map(
    (attributes.style ?? '').split(';').map((declaration) => {
      const [property = '', ...value] = declaration.split(':');
      return [property.trim().toLowerCase(), value.join(':').replace('!important', '').trim()];
    }),
  );
  const background = declared.get('background-color') ?? declared.get('background') ?? attributes.bgcolor;
  const weight = declared.get('font-weight');
  return {
    colour: declared.get('color') ?? inherited.colour,
    background: background && background !== 'transparent' && background !== 'none' ? background : inherited.background,
    fontSize: pixels(declared.get('font-size')) ?? inherited.fontSize,
    bold:
      weight === undefined ? inherited.bold || /^(?:b|strong|h[1-6]|th)$/.test(tag) : /^(?:bold|[6-9]00)$/.test(weight),
    hidden: inherited.hidden || declared.get('display') === 'none',
  };
}

function pixels(size: string | undefined): number | undefined {
  const found = /^([\d.]+)px$/.exec(size ?? '');
  return found ? Number(found[1]) : undefined;
}
