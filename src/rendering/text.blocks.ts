/** A paragraph, heading, bullet or numbered step of a plain text. */
export interface TextBlock {
  /** Line ends and the number or bullet in front are gone. */
  text: string;
  line: number;
  kind: 'paragraph' | 'heading' | 'bullet' | 'step';
  /** The number that a step carries. */
  number: number | undefined;
}

const STEP = /^\s*(?:step\s+)?(\d{1,2})[.):]\s+(\S.*)$/i;
const BULLET = /^\s*[*·•–-]\s+(\S.*)$/;
const RULE = /^\s*[=_*-]{3,}\s*$/;

/** Splits a text where a reader sees separate pieces. A short line without a full stop that stands alone is a heading. */
export function textBlocks(text: string): TextBlock[] {
  const blocks: TextBlock[] = [];
  let open: TextBlock | undefined;
  text.split('\n').forEach((raw, i) => {
    const written = raw.replace(/\u00a0/g, ' ').trimEnd();
    if (written.trim() === '' || RULE.test(written)) {
      open = undefined;
      return;
    }
    const step = STEP.exec(written);
    const bullet = BULLET.exec(written);
    if (step || bullet) {
      open = { text: step?.[2] ?? bullet?.[1] ?? '', line: i + 1, kind: step ? 'step' : 'bullet', number: undefined };
      if (step) open.number = Number(step[1]);
      blocks.push(open);
    } else if (open && (open.kind === 'paragraph' || /^\s/.test(written))) {
      open.text += ` ${written.trim()}`;
    } else {
      open = { text: written.trim(), line: i + 1, kind: 'paragraph', number: undefined };
      blocks.push(open);
    }
  });
  for (const block of blocks)
    if (block.kind === 'paragraph' && block.text.length <= 80 && !/[.!?,]$/.test(block.text)) block.kind = 'heading';
  return blocks;
}

export function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?])\s+(?=[A-Z“"'@])/);
}
