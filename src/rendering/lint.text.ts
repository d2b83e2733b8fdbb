import { lintAudience } from './lint.audience.js';
import { type DateLintOptions, lintDates } from './lint.dates.js';
import { inOrder, type LintFinding } from './lint.finding.js';
import { lintSteps } from './lint.steps.js';
import { lintWording } from './lint.wording.js';
import { textBlocks } from './text.blocks.js';

export interface LintOptions extends DateLintOptions {
  /** What goes with the message; nothing when absent. */
  attachments?: readonly unknown[] | undefined;
}

/** The faults of a plain message text, in reading order. Without a window only what the text itself decides. */
export function lintText(text: string, options: LintOptions = {}): LintFinding[] {
  const unified = text.replace(/\r\n?/g, '\n');
  const blocks = textBlocks(unified);
  return inOrder([
    ...lintDates(unified, options),
    ...lintSteps(blocks),
    ...lintAudience(blocks),
    ...lintWording(unified, options.attachments),
  ]);
}
