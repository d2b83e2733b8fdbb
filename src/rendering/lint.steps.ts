import type { LintFinding } from './lint.finding.js';
import { sentencesOf, type TextBlock } from './text.blocks.js';

const REFERENCE = /\b(?:steps?|points?|items?|actions?|instructions?)\s+(?:in\s+|under\s+|at\s+)?(\d{1,2})\b/gi;
/** Words that say nothing of what a step is about. */
const EMPTY = new Set(
  'a an and are as at be been by cqrs do does for from have if in is it its of on or please step steps that the their them then this to up with you your will not follow'.split(
    ' ',
  ),
);

/** Numbered steps count 1, 2, 3, and what refers to a step refers to the one it means. */
export function lintSteps(blocks: readonly TextBlock[]): LintFinding[] {
  const lists = stepLists(blocks);
  return [
    ...lists.flatMap((list, i) => lintNumbering(list, lists[i - 1])),
    ...blocks.flatMap((block) => lintReferences(block, lists)),
  ];
}

/** Steps belong together until a paragraph or a heading stands between them. */
function stepLists(blocks: readonly TextBlock[]): TextBlock[][] {
  const lists: TextBlock[][] = [];
  let open: TextBlock[] | undefined;
  for (const block of blocks) {
    if (block.kind === 'step') {
      if (!open) lists.push((open = []));
      open.push(block);
    } else if (block.kind !== 'bullet') open = undefined;
  }
  return lists;
}

/** The first wrong number of a list; what follows is then wrong for the same reason. */
function lintNumbering(list: readonly TextBlock[], before: readonly TextBlock[] | undefined): LintFinding[] {
  const first = list[0]?.number ?? 1;
  const continues = first === (before?.at(-1)?.number ?? 0) + 1;
  const start = first === 1 || continues ? first : 1;
  const wrong = list.findIndex((step, i) => step.number !== start + i);
  const step = list[wrong];
  if (!step) return [];
  const message = `This step is numbered ${String(step.number)}, and ${start + wrong} is due: nobody can be referred to it`;
  return [{ rule: 'step-numbering', line: step.line, message }];
}

function lintReferences(block: TextBlock, lists: readonly TextBlock[][]): LintFinding[] {
  return [...block.text.matchAll(REFERENCE)].flatMap((match): LintFinding[] => {
    const number = Number(match[1]);
    const own = lists.find((list) => list.includes(block));
    const candidates = (own ? [own] : lists).flat().filter((step) => step.number === number);
    const finding = (message: string): LintFinding[] => [{ rule: 'step-reference', line: block.line, message }];
    if (candidates.length === 0)
      return finding(`"${match[0]}": there is no step ${number}${own ? ' in this list' : ''}`);
    if (!own) return [];
    if (candidates.includes(block)) return finding(`"${match[0]}" refers to itself`);
    const meant = stepThatFits(block, match, own);
    if (!meant || candidates.includes(meant)) return [];
    return finding(
      `"${match[0]}" goes on with an action that step ${number} does not hold: it reads like step ${String(meant.number)} (line ${meant.line})`,
    );
  });
}

/**
 * The step of the list whose words fit clearly best what the sentence asks for after the reference ("follow the steps
 * in 1. and request a new account"); none when no step stands out.
 */
function stepThatFits(block: TextBlock, match: RegExpExecArray, list: readonly TextBlock[]): TextBlock | undefined {
  const rest = block.text.slice(match.index + match[0].length).replace(/^\.\s+(?=[a-z])/, ' ');
  const asked = wordsOf(sentencesOf(rest)[0] ?? '');
  const fits = list
    .filter((step) => step !== block)
    .map((step) => ({ step, words: [...asked].filter((word) => wordsOf(step.text).has(word)).length }))
    .sort((a, b) => b.words - a.words);
  const [best] = fits;
  const referred = fits.find(({ step }) => step.number === Number(match[1]));
  return best && referred && best.words >= referred.words + 2 ? best.step : referred?.step;
}

function wordsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[a-z]{2,}/g) ?? [];
  return new Set(words.filter((word) => !EMPTY.has(word)).map((word) => word.replace(/(?:es|s)$/, '')));
}
