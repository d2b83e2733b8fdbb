import { looksLikeDesk, spellsName, withoutNumber, withoutTag } from './local-part.rules.js';

const testa = { firstName: 'Testa', lastName: "O'Sample" };

describe('looksLikeDesk', () => {
  it.each([
    ['reception', true],
    ['reception.a81001', true],
    ['highstreet.surgery', true],
    ['admin2', true],
    ['a81001', true],
    ['practice-manager', true],
    ['info+cqrs', true],
    ['testa.sample', false],
    ['adminton.sample', false],
    ['sample.teams', false],
    ['testa.admin', false],
    ['osample.office', false],
    ['b82002.testa', false],
    ['c83003', false],
  ])('%s: %s', (local, expected) => {
    expect(looksLikeDesk(local, testa, ['A81001', 'B82002'])).toBe(expected);
  });
});

describe('spellsName', () => {
  it.each([
    ['testa.osample', true],
    ["testa.o'sample", true],
    ['testaosample', true],
    ['testa.osample2', false],
    ['t.osample', false],
    ['osample.testa', false],
  ])('%s: %s', (local, expected) => {
    expect(spellsName(local, testa)).toBe(expected);
  });

  it('spells nothing for half a name', () => {
    expect(spellsName('testa', { firstName: 'Testa', lastName: '' })).toBe(false);
  });
});

describe('variants of a local part', () => {
  it('takes off a tag, and only a tag', () => {
    expect(withoutTag('testa.sample+cqrs+x')).toBe('testa.sample');
    expect(withoutTag('testa.sample')).toBeUndefined();
    expect(withoutTag('+testa')).toBeUndefined();
  });

  it('takes off a number at the end, and only there', () => {
    expect(withoutNumber('testa.sample12')).toBe('testa.sample');
    expect(withoutNumber('testa2.sample')).toBeUndefined();
    expect(withoutNumber('12')).toBeUndefined();
  });
});
