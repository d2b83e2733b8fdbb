/** Signs, and their full-width twins, with which spreadsheet programs start a formula, after blanks too. */
const FORMULA = /^[\s\u00a0\u200b\ufeff]*[=+\-@|\uff1d\uff0b\uff0d\uff20]/;
/** A leading tab or line break makes some programs read what follows as a formula of its own cell. */
const CONTROL = /^[\t\r\n]/;

/**
 * The text as a cell of an export, harmless when the file is opened in a spreadsheet: what would be read as a formula
 * gets an apostrophe in front, the spreadsheets' own mark for plain text (OWASP, CSV injection). Give it texts only: a
 * negative number is a number.
 */
export function neutralise(text: string): string {
  return FORMULA.test(text) || CONTROL.test(text) ? `'${text}` : text;
}
