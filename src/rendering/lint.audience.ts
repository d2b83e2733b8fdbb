import type { LintFinding } from './lint.finding.js';
import { sentencesOf, type TextBlock } from './text.blocks.js';

type Group = 'with' | 'without';

const NHSMAIL = '(?:an?\\s+)?NHSmail(?:\\s+(?:account|address|email))?';
const WITHOUT = new RegExp(
  `\\bwithout\\s+${NHSMAIL}|\\b(?:do|does|did)(?:\\s+not|n[’']t)\\s+(?:currently\\s+)?have\\s+${NHSMAIL}|\\bha(?:ve|s)\\s+no\\s+NHSmail`,
  'i',
);
const WITH = new RegExp(`\\bwith\\s+an\\s+NHSmail\\s+account|\\b(?:have|has)\\s+${NHSMAIL}`, 'i');
const MISMATCHED = /\baddress(?:es)?\s+do(?:es)?\s+not\s+match|[“"']?@nhs\.uk/i;

const SINGLE_SIGN_ON =
  /\b(?:sign|signing|log|logging)[\s-]*in\b.*\b(?:single\s+sign-on|SSO)\b|\b(?:use|using|via|by)\s+(?:single\s+sign-on|SSO)\b/i;
const PASSWORD =
  /\b(?:keep|continue|carry on|go on)\b.*\b(?:user\s?names?|passwords?)\b|\b(?:sign|log)\s*in\s+(?:with|using)\s+(?:your|their|its|a|the)\s+(?:user\s?name|password)/i;
const NEGATED = /\b(?:do|does|will|can|must|need)\s*(?:not|n[’']t)\b|\bcannot\b|\bunable\b|\bno longer\b/i;

/**
 * Who is told what. A mail that goes to registered NHSmail addresses does not reach those who have none, nor those
 * whose address is the problem; and one group cannot be told both to use single sign-on and to keep its password.
 */
export function lintAudience(blocks: readonly TextBlock[]): LintFinding[] {
  return [...lintReach(blocks), ...lintContradictions(blocks)];
}

function lintReach(blocks: readonly TextBlock[]): LintFinding[] {
  const groups = [
    { name: 'people without an NHSmail account', block: blocks.find(({ text }) => WITHOUT.test(text)) },
    { name: 'people whose address does not match', block: blocks.find(({ text }) => MISMATCHED.test(text)) },
  ].flatMap(({ name, block }) => (block ? [`${name} (line ${block.line})`] : []));
  if (groups.length === 0) return [];
  return blocks
    .filter(({ text }) =>
      sentencesOf(text).some(
        (sentence) => /\bdirect(?:ly)?\b/i.test(sentence) && /NHSmail\s+(?:e-?mail\s+)?address/i.test(sentence),
      ),
    )
    .map(({ line }) => ({
      rule: 'unreachable-audience',
      line,
      message: `A direct mail to registered NHSmail addresses does not reach ${groups.join(' and ')}, who have something to do: say who reaches them`,
    }));
}

function lintContradictions(blocks: readonly TextBlock[]): LintFinding[] {
  const told = new Map<string, number>();
  const findings: LintFinding[] = [];
  let section: Group | undefined;
  for (const block of blocks) {
    if (block.kind === 'heading') {
      section = groupOf(block.text);
      continue;
    }
    let group = section;
    for (const sentence of sentencesOf(block.text)) {
      // "If you do not, ..." speaks of something said before; "this account" of one account among several.
      if (/^(?:If (?:you do |it is )?not|Otherwise)\b/i.test(sentence) && !WITHOUT.test(sentence)) continue;
      if (/\bthis account\b/i.test(sentence)) continue;
      if (WITH.test(sentence) && WITHOUT.test(sentence)) continue;
      group = groupOf(sentence) ?? group;
      const instruction = instructionOf(sentence);
      if (!instruction) continue;
      const opposite = told.get(`${group ?? 'all'} ${instruction === 'sso' ? 'password' : 'sso'}`);
      if (opposite !== undefined)
        findings.push({
          rule: 'contradiction',
          line: block.line,
          message: `The same people (${GROUP_NAMES[group ?? 'all']}) are told here to ${INSTRUCTIONS[instruction]}, and the opposite in line ${opposite}`,
        });
      told.set(`${group ?? 'all'} ${instruction}`, block.line);
    }
  }
  return findings;
}

const GROUP_NAMES: Record<Group | 'all', string> = {
  with: 'with an NHSmail account',
  without: 'without an NHSmail account',
  all: 'all readers',
};
const INSTRUCTIONS = { sso: 'use single sign-on', password: 'keep their username and password' };

function groupOf(text: string): Group | undefined {
  if (WITHOUT.test(text)) return 'without';
  return WITH.test(text) ? 'with' : undefined;
}

function instructionOf(sentence: string): keyof typeof INSTRUCTIONS | undefined {
  const instruction = sentence.replace(WITHOUT, '').replace(WITH, '');
  if (NEGATED.test(instruction)) return undefined;
  if (PASSWORD.test(instruction)) return 'password';
  return SINGLE_SIGN_ON.test(instruction) ? 'sso' : undefined;
}
