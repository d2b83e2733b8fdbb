import { broken, type ExpandedSource, type Place } from './template.faults.js';
import { type SharedSources, SOURCE_FILES, type TemplateSources } from './template.sources.js';

const PIECE = /^\s*\{\{>\s*([a-z0-9-]+)\s*\}\}\s*$/;

/**
 * Puts the shared pieces into a source. This happens in the text, before MJML: MJML must see the whole document, and a
 * piece that is named when the template is compiled can never be chosen by a value. `{{> name}}` stands alone on its
 * line and means partials/name.mjml.hbs in a body, partials/name.txt.hbs in a text.
 */
export function expandPieces(sources: TemplateSources, file: 'body' | 'text'): ExpandedSource {
  const lines: { text: string; from: Place }[] = [];
  const suffix = file === 'body' ? '.mjml.hbs' : '.txt.hbs';
  const main = `${sources.name}/${SOURCE_FILES[file]}`;
  addLines(main, sources[file], []);
  return {
    // The last piece of an encoded body must end a line, not be cut off by a soft break.
    text: `${lines.map((line) => line.text).join('\n')}\n`,
    origin: (line) => lines[Math.min(line, lines.length) - 1]?.from ?? { file: main, line: 1 },
  };

  function addLines(file: string, source: string, above: string[]): void {
    source
      .trimEnd()
      .split('\n')
      .forEach((text, i) => {
        const from = { file, line: i + 1 };
        const piece = PIECE.exec(text)?.[1];
        if (!piece) {
          if (/\{\{#?>/.test(text)) throw broken(from, 'a shared piece {{> name}} stands alone on its line');
          lines.push({ text, from });
          return;
        }
        if (above.includes(piece)) throw broken(from, `the piece ${piece} contains itself`);
        addLines(`partials/${piece}${suffix}`, pieceSource(sources.shared, piece + suffix, from), [...above, piece]);
      });
  }
}

function pieceSource(shared: SharedSources, name: string, from: Place): string {
  const source = shared.pieces.get(name);
  if (source === undefined) throw broken(from, `there is no shared piece partials/${name}`);
  return source;
}
