/** A fault of a message or template. `line` counts from 1 in the text that was checked. */
export interface LintFinding {
  rule: LintRule;
  line: number;
  message: string;
}

export type LintRule =
  | 'broken-template'
  | 'unused-placeholder'
  | 'literal-date'
  | 'date-without-year'
  | 'impossible-date'
  | 'weekday-mismatch'
  | 'date-not-in-window'
  | 'cutoff-time'
  | 'time-dropped'
  | 'step-numbering'
  | 'step-reference'
  | 'link-text'
  | 'alt-text'
  | 'external-image'
  | 'contrast'
  | 'outlook-comments'
  | 'html-size'
  | 'secure-tag'
  | 'unreachable-audience'
  | 'missing-attachment'
  | 'contradiction';

/** The line that an offset lies in, counted from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** In reading order, each fault once. */
export function inOrder(findings: readonly LintFinding[]): LintFinding[] {
  const once = new Map(findings.map((finding) => [`${finding.line} ${finding.rule} ${finding.message}`, finding]));
  return [...once.values()].sort((a, b) => a.line - b.line || a.rule.localeCompare(b.rule));
}
