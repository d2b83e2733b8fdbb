/** Fewer than so many are a tidy-up, whatever their share. */
const NOTABLE = 100;
const SHARE = 0.25;

/** What an import that is about to happen would do to those that are `known`. */
export interface Upheaval {
  readonly known: number;
  /** Not in the file. */
  readonly gone: number;
  /** Of those the ones whose name and address come back in the file, under an id that nobody knows. */
  readonly renumbered: number;
  /** In the file with a name, a place or an address that was somebody else's. */
  readonly mixedUp: number;
}

/** Why a file is more likely wrong than true. */
export interface Doubt {
  readonly code: 'shrinks' | 'mixed-up';
  /** For the report of a dry run. */
  readonly message: string;
  /** For whoever imports the file: the numbers, and the way on. */
  readonly refusal: string;
  /** The option by which somebody says that it is true all the same. */
  readonly allowedBy: 'allowShrink' | 'allowChanges';
}

/** More than a quarter of what is known, and at least 100. */
export function isMuch(number: number, known: number): boolean {
  return isNotable(number) && number > known * SHARE;
}

/** At least 100. */
export function isNotable(number: number): boolean {
  return number >= NOTABLE;
}

/**
 * A full export replaces what is known: half an export would disable half of the country, and one of which a spreadsheet
 * sorted a single column would write everybody's instructions to somebody else. One that has lost the zeros before its ids
 * would give whoever they belong to a second account, and that is doubtful whatever their share.
 */
export function doubtsOf({ known, gone, renumbered, mixedUp }: Upheaval, fileName: string): Doubt[] {
  const doubts: Doubt[] = [];
  if (isNotable(renumbered)) {
    doubts.push({
      code: 'shrinks',
      message: `${gone} of ${known} known would be marked as gone, and ${renumbered} of these come back under another id`,
      refusal:
        `${fileName} has ${renumbered} of the ${known} that are known (${percent(renumbered, known)}) under another id: ` +
        'spreadsheets drop the zeros before a number, or add a point. Export the file again and import it as it is. ' +
        'If the ids have changed in CQRS itself, allow the file to shrink the directory (--allow-shrink).',
      allowedBy: 'allowShrink',
    });
  } else if (isMuch(gone, known)) {
    doubts.push({
      code: 'shrinks',
      message: `${gone} of ${known} known would be marked as gone`,
      refusal:
        `${fileName} lacks ${gone} of the ${known} that are known (${percent(gone, known)}), as half an export would. ` +
        'If the file is complete, allow it to shrink the directory (--allow-shrink).',
      allowedBy: 'allowShrink',
    });
  }
  if (isMuch(mixedUp, known)) {
    doubts.push({
      code: 'mixed-up',
      message: `${mixedUp} of ${known} known would get another name or organisation, or what was somebody else’s`,
      refusal:
        `${fileName} gives ${mixedUp} of the ${known} that are known (${percent(mixedUp, known)}) another name or ` +
        'organisation, or what was somebody else’s, as a file would of which one column was sorted alone. ' +
        'If the file is right, allow it to change so much (--allow-changes).',
      allowedBy: 'allowChanges',
    });
  }
  return doubts;
}

function percent(part: number, whole: number): string {
  return `${Math.round((part / whole) * 100)} %`;
}
