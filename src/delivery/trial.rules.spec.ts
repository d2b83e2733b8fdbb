import { isAllowedInTrial } from './trial.rules.js';

describe('isAllowedInTrial', () => {
  it.each([
    ['testa.sample1@nhs.net', ['testa.sample1@nhs.net'], true],
    ['Testa.Sample1@NHS.net', ['testa.sample1@nhs.net'], true],
    ['testa.sample1@nhs.net', ['@nhs.net'], true],
    ['testa.sample1@nhs.net', [], false],
    ['testa.sample2@nhs.net', ['testa.sample1@nhs.net'], false],
    ['testa.sample1@evilnhs.net', ['@nhs.net'], false],
    ['testa.sample1@mail.nhs.net', ['@nhs.net'], false],
    ['testa.sample1@nhs.net.example.com', ['@nhs.net'], false],
    ['@nhs.net', ['nhs.net'], false],
  ])('%s with %j: %s', (address, allow, expected) => {
    expect(isAllowedInTrial(address, allow)).toBe(expected);
  });
});
