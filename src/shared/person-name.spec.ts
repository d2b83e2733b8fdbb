import { personNameKey, personNameParts } from './person-name.js';

describe('personNameKey', () => {
  it.each([
    ['Testa', 'Sample'],
    ['TESTA', 'SAMPLE'],
    [' testa ', ' sample '],
    ['Dr Testa', 'Sample'],
    ['Dr. Testa', 'Sample'],
    ['Prof Dr Testa', 'Sample (A81001)'],
    ['Testá', 'Samplé'],
    ['Testa\u200b', 'Sam\u00adple'],
    ['Ｔｅｓｔａ', 'Sample'],
  ])('reads "%s %s" as testa sample', (first, last) => {
    expect(personNameKey(first, last)).toBe('testa sample');
  });

  it.each<[[string, string], [string, string]]>([
    [
      ['Zoë', "O'Sample"],
      ['ZOE', 'O’Sample'],
    ],
    [
      ['Zoe', 'O Sample'],
      ['Zoe', 'OSample'],
    ],
    [
      ['Mary-Testa', 'Sample-Jones'],
      ['Mary Testa', 'Sample Jones'],
    ],
    [
      ['Łucja', 'Sørensample'],
      ['Lucja', 'Sorensample'],
    ],
    [
      ['Jürgen', 'Straßample'],
      ['Jurgen', 'Strassample'],
    ],
  ])('gives %j and %j one key', (one, other) => {
    expect(personNameKey(...one)).toBe(personNameKey(...other));
  });

  it.each<[[string, string], [string, string]]>([
    [
      ['Testa', 'Sample'],
      ['Tess', 'Sample'],
    ],
    [
      ['Testa', 'Sample'],
      ['Testa', 'Samples'],
    ],
    [
      ['Testa', 'Sample'],
      ['Sample', 'Testa'],
    ],
    [
      ['Testa Ann', 'Sample'],
      ['Testa', 'Annsample'],
    ],
  ])('keeps %j and %j apart: equality is exact', (one, other) => {
    expect(personNameKey(...one)).not.toBe(personNameKey(...other));
  });

  it.each([
    ['', 'Sample'],
    ['Testa', ''],
    ['Dr', 'Sample'],
    ['-', '.'],
  ])('gives no key to half a name ("%s" "%s")', (first, last) => {
    expect(personNameKey(first, last)).toBe('');
  });
});

describe('personNameParts', () => {
  it('keeps given names apart and joins the family name', () => {
    expect(personNameParts('Dr Mary-Ann Testa', "O'Sample Jones")).toEqual({
      given: ['mary', 'ann', 'testa'],
      family: 'osamplejones',
    });
  });
});
