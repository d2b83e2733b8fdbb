import { senderOf } from './sender.rules.js';

describe('senderOf', () => {
  it.each([
    ['The CQRS team <cqrs@example.test>', 'The CQRS team', 'cqrs@example.test', 'example.test'],
    ['"CQRS, the team" <cqrs@mail.example.test>', 'CQRS, the team', 'cqrs@mail.example.test', 'mail.example.test'],
    ['cqrs@example.test', undefined, 'cqrs@example.test', 'example.test'],
    ['<cqrs@example.test>', undefined, 'cqrs@example.test', 'example.test'],
  ])('reads %s', (text, name, address, domain) => {
    expect(senderOf(text)).toEqual({ mailbox: { address, ...(name === undefined ? {} : { name }) }, domain });
  });

  it.each(['The CQRS team', 'a@b@c', 'The team <cqrs at example.test>', ''])('refuses %j', (text) => {
    expect(() => senderOf(text)).toThrow(expect.objectContaining({ code: 'bad-mail-from' }) as Error);
  });
});
