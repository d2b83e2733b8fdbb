import type { CompiledTemplate, RenderedMessage } from './compiled.template.js';
import { dateMentions } from './date.mention.js';
import { lintDates, type LintWindow } from './lint.dates.js';
import { inOrder, type LintFinding } from './lint.finding.js';
import { lintImages, lintMarkup } from './lint.markup.js';
import { type LintOptions, lintText } from './lint.text.js';
import { lintSecureTag } from './lint.wording.js';
import { readElements, visibleText } from './markup.reader.js';
import type { ExpandedSource } from './template.faults.js';
import { SOURCE_FILES } from './template.sources.js';

/** The faults of a message as it would be sent. The line is that of the part which the message names. */
function lintMessage({ subject, html, text }: RenderedMessage, options: LintOptions = {}): LintFinding[] {
  const seen = visibleText(html);
  return inOrder([
    ...named('Subject', [...lintDates(subject, options), ...lintSecureTag(subject)]),
    ...named('Plain text', lintText(text, options)),
    ...named('HTML', [...lintMarkup(html), ...lintDates(seen, options), ...lintSecureTag(seen)]),
  ]);
}

/**
 * The faults of a template: of its sources, and of its sample rendered with the sample's dates or the given window's.
 */
export function lintTemplate(template: CompiledTemplate, window?: LintWindow): LintFinding[] {
  const values = window
    ? { ...template.sample, window: { ...(template.sample['window'] as LintWindow | undefined), ...window } }
    : template.sample;
  const options = {
    window: values['window'] as LintWindow | undefined,
    previousWindow: values['previousWindow'] as LintWindow | undefined,
    attachments: template.attachments,
  };
  return inOrder([
    ...template.unused.map((path) => ({
      rule: 'unused-placeholder' as const,
      line: 1,
      message: `${template.name}/${SOURCE_FILES.declaration}: ${path} is declared and not used`,
    })),
    ...template.sources.flatMap(lintSource),
    ...lintMessage(template.render(values), options),
  ]);
}

/** A template holds no date: dates are values, so that moving the cutoff moves every one of them. */
function lintSource(source: ExpandedSource): LintFinding[] {
  return [...lintLiteralDates(source.text), ...lintImages(readElements(source.text))].map((finding) => {
    const { file, line } = source.origin(finding.line);
    return { ...finding, line, message: `${file}: ${finding.message}` };
  });
}

export function lintLiteralDates(source: string): LintFinding[] {
  return dateMentions(source).map(({ written, line }) => ({
    rule: 'literal-date',
    line,
    message: `"${written}" is written into the template: take it from a value`,
  }));
}

function named(part: string, findings: LintFinding[]): LintFinding[] {
  return findings.map((finding) => ({ ...finding, message: `${part}: ${finding.message}` }));
}
