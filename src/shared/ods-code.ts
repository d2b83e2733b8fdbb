import { z } from 'zod';

/**
 * An Organisation Data Service code in capitals: 3 to 10 letters and digits, as ODS publishes them
 * (practices A81001, sub-ICB locations 16C, regions Y63, trusts RXX, head-office branches longer).
 */
export type OdsCode = string & { readonly __brand: 'OdsCode' };

const PATTERN = /^[A-Z0-9]{3,10}$/;

/** The code in its normal form, or undefined when the text cannot be one. */
export function parseOdsCode(text: string): OdsCode | undefined {
  const code = text.trim().toUpperCase();
  return PATTERN.test(code) ? (code as OdsCode) : undefined;
}

export const odsCodeSchema = z
  .string()
  .transform((text, context) => {
    const code = parseOdsCode(text);
    if (code) return code;
    context.addIssue({
      code: 'custom',
      message: 'Expected an ODS code: 3 to 10 letters and digits, for example A81001',
    });
    return z.NEVER;
  })
  // What goes in: trimmed and put into capitals above.
  .meta({
    id: 'OdsCode',
    description: 'ODS organisation code',
    pattern: '^\\s*[A-Za-z0-9]{3,10}\\s*$',
    examples: ['A81001'],
  });
