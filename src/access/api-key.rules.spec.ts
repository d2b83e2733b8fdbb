import { newKeyText, parseKeyText } from './api-key.rules.js';
import { hashSecret, sameHash } from './secret-token.rules.js';

describe('the text of an API key', () => {
  it('is read back as it was made, and never made twice', () => {
    const keys = Array.from({ length: 200 }, newKeyText);
    for (const { prefix, secret, text } of keys) expect(parseKeyText(text)).toEqual({ prefix, secret });
    expect(new Set(keys.map(({ secret }) => secret)).size).toBe(200);
  });

  it.each([
    '',
    'cqrs_',
    'cqrs_0123456789ab_',
    `cqrs_0123456789AB_${'a'.repeat(43)}`,
    `cqrs_0123456789ab_${'a'.repeat(44)}`,
  ])('is not %j', (text) => {
    expect(parseKeyText(text)).toBeUndefined();
  });

  it('is stored as a hash that only the same secret fits', () => {
    const { secret } = newKeyText();
    expect(hashSecret(secret)).not.toContain(secret);
    expect(sameHash(hashSecret(secret), hashSecret(secret))).toBe(true);
    expect(sameHash(hashSecret(secret), hashSecret(`${secret}x`))).toBe(false);
    expect(sameHash(hashSecret(secret), '')).toBe(false);
  });
});
