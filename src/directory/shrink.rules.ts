import { InvalidInputError } from '../shared/errors.js';

/** Fewer than so many are a tidy-up, whatever their share. */
const NOTABLE = 100;
const SHARE = 0.25;

/**
 * A full export replaces what is known, so that half an export would disable half of the country. More than a quarter
 * gone (and at least 100) has to be asked for.
 */
export function isShrinking(gone: number, known: number): boolean {
  return gone >= NOTABLE && gone > known * SHARE;
}

/** @throws InvalidInputError `import-shrinks` naming the numbers and the way on. */
export function refuseToShrink(fileName: string, gone: number, known: number): never {
  throw new InvalidInputError(
    'import-shrinks',
    `${fileName} lacks ${gone} of the ${known} that are known (${Math.round((gone / known) * 100)} %), as half an export would. ` +
      'If the file is complete, allow it to shrink the directory (--allow-shrink).',
  );
}
