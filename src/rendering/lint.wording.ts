import { type LintFinding, lineAt } from './lint.finding.js';

const THING = '(?:guidance|guide|document|file|letter|form|pdf|spreadsheet|list|instructions?|leaflet)';
const ATTACHED = new RegExp(
  `\\b(?:attached|enclosed)\\s+(?:\\w+\\s+)?${THING}\\b|\\b${THING}\\s+(?:is|are)\\s+(?:attached|enclosed)\\b|\\bsee\\s+(?:the\\s+)?attach(?:ed|ment)\\b`,
  'gi',
);

/** Words that promise what the message does not hold, or that the reader cannot use. */
export function lintWording(text: string, attachments: readonly unknown[] = []): LintFinding[] {
  const findings = lintSecureTag(text);
  for (const match of text.matchAll(/\bclick\s+(?:on\s+)?(?:here|this link|the link)\b/gi))
    add(match, 'link-text', `"${match[0]}" does not say where the link leads`);
  if (attachments.length === 0)
    for (const match of text.matchAll(ATTACHED))
      add(match, 'missing-attachment', `"${match[0].replace(/\s+/g, ' ')}": nothing is attached`);
  return findings;

  function add(match: RegExpExecArray, rule: LintFinding['rule'], message: string): void {
    findings.push({ rule, line: lineAt(text, match.index), message });
  }
}

/** NHSmail encrypts a message that says [secure]: a recipient elsewhere must register with a portal to read it. */
export function lintSecureTag(text: string): LintFinding[] {
  return [...text.matchAll(/\[secure\]/gi)].map(({ index }) => ({
    rule: 'secure-tag',
    line: lineAt(text, index),
    message: '"[secure]" makes NHSmail encrypt the message, and people elsewhere cannot simply read it',
  }));
}
