import { cleanCell, encodingFault, formulaFault, valueClass } from './cell.rules.js';
import { fromWindows1252, looksLikeMisreadUtf8 } from '../shared/windows-1252.js';

describe('the class of a value says what it is like and never what it is', () => {
  it.each([
    ['', 'empty'],
    ['7', 'number, 1 character'],
    ['-12.5', 'number, 5 characters'],
    ['31/08/2026', 'date or time, 10 characters'],
    ['2026-08-31T10:00:00Z', 'date or time, 20 characters'],
    ['testa.sample@nhs.net', 'text with @, 20 characters'],
    ['Zoë 😀', 'text, 5 characters'],
  ])('%s: %s', (text, expected) => {
    expect(valueClass(text)).toBe(expected);
  });
});

describe('cleaning a cell', () => {
  it.each([
    ['Testa Sample', 'Testa Sample', []],
    ['', '', []],
    ['Zoë', 'Zoë', []],
    [' Testa\t', 'Testa', ['surrounding-spaces']],
    ['Testa\u00a0Sample', 'Testa Sample', ['no-break-spaces']],
    ['\ufeffTes\u00adta\u200b', 'Testa', ['invisible-characters']],
    ['="01234"', '01234', ['text-formulas']],
    ['="O""Test" ', 'O"Test', ['surrounding-spaces', 'text-formulas']],
    ['=""', '', ['text-formulas']],
    ['=A1&"x"', '=A1&"x"', []],
    ['="a"&"b"', '="a"&"b"', []],
    ['\u200b\u00a0', '', ['invisible-characters', 'no-break-spaces', 'surrounding-spaces']],
  ])('%j is %j', (text, cleaned, counted) => {
    const counts: string[] = [];
    expect(cleanCell(text, (what) => counts.push(what))).toBe(cleaned);
    expect(counts).toEqual(counted);
  });
});

describe('a formula that failed', () => {
  it.each(['#N/A', '#REF!', '#VALUE!', '#NAME?', '#DIV/0!', '#n/a', '#CALC!'])('%s is a fault', (text) => {
    expect(formulaFault(text)?.remedy).toMatch(/^Put right the formula/);
  });

  it.each(['', 'N/A', '#', '#12', 'Testa', '#N/A Sample'])('%j is none', (text) => {
    expect(formulaFault(text)).toBeUndefined();
  });
});

describe('Windows-1252', () => {
  it('differs from ISO 8859-1 in its quotation marks, dashes and the euro', () => {
    expect(fromWindows1252('\x80\x91\x92\x96\x99\xe9')).toBe('€‘’–™é');
  });

  it.each([
    ['Zoë', false],
    ['Siân Ångström', false],
    ['“Testa”', false],
    ['ZoÃ«', true],
    ['Oâ€™Test', true],
    ['ÃŸample', true],
  ])('%s is UTF-8 misread: %s', (text, expected) => {
    expect(looksLikeMisreadUtf8(text)).toBe(expected);
    expect(encodingFault(text, 'windows-1252') !== undefined).toBe(expected);
    expect(encodingFault(text, 'utf-8')).toBeUndefined();
  });
});
