import { classifyDomain, type DomainClass, NEAR_MISSES, NHS_DOMAINS } from './domain.rules.js';
import { isOneSlipFrom } from './edit-distance.rules.js';

describe('classifyDomain', () => {
  it.each<[string, DomainClass]>([
    ['nhs.net', 'nhsmail'],
    ['service.nhs.net', 'nhsmail-service'],
    ['a.b.nhs.net', 'nhsmail-service'],
    ['nhs.uk', 'nhs'],
    ['surgery.nhs.uk', 'nhs'],
    ['wales.nhs.uk', 'nhs'],
    ['aapct.scot.nhs.uk', 'nhs'],
    ['nhs.scot', 'nhs'],
    ['dhsc.gov.uk', 'nhs'],
    ['evilnhs.net', 'foreign'],
    ['evilnhs.uk', 'foreign'],
    ['nhs.net.example.com', 'foreign'],
    ['nhs.uk.example.com', 'foreign'],
    ['my-nhs.net', 'foreign'],
    ['example.net', 'foreign'],
    ['bücher.example', 'foreign'],
    ['xn--bcher-kva.example', 'foreign'],
    ['xn--', 'foreign'],
    ['nhs.ent', 'near-miss'],
    ['nhsnet', 'near-miss'],
    ['nhs.net.uk', 'near-miss'],
    ['nhs.net.', 'near-miss'],
    ['nhѕ.net', 'lookalike'],
    ['xn--nh-qtc.net', 'lookalike'],
    ['ոһѕ.ոет', 'lookalike'],
    ['ñhs.net', 'lookalike'],
    ['ｎｈｓ．ｎｅｔ', 'lookalike'],
  ])('%s is %s', (domain, expected) => {
    expect(classifyDomain(domain)).toBe(expected);
  });

  it('lists no real NHS domain among the slips, and no slip that distance finds anyway', () => {
    for (const domain of NHS_DOMAINS) expect(NEAR_MISSES.has(domain) || isOneSlipFrom(domain, 'nhs.net')).toBe(false);
    expect([...NEAR_MISSES].filter((domain) => isOneSlipFrom(domain, 'nhs.net'))).toEqual([]);
  });
});

describe('isOneSlipFrom', () => {
  it.each([
    ['nhs.net', 'nhs.ne', true],
    ['nhs.net', 'nhs.nett', true],
    ['nhs.net', 'xnhs.net', true],
    ['nhs.net', 'hns.net', true],
    ['nhs.net', 'nhs.nte', true],
    ['nhs.net', 'nhs.met', true],
    ['nhs.net', 'nhs.net', false],
    ['nhs.net', 'nhs.uk', false],
    ['nhs.net', 'hsn.net', false],
    ['nhs.net', 'nsh.nte', false],
    ['nhs.net', 'mhs.met', false],
    ['ab', 'ba', true],
    ['', 'a', true],
    ['', '', false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(isOneSlipFrom(a, b)).toBe(expected);
    expect(isOneSlipFrom(b, a)).toBe(expected);
  });
});
