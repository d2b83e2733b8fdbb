import fc from 'fast-check';
import {
  domainIsWithin,
  parseEmailAddress,
  type EmailAddressCleanUp,
  type EmailAddressFault,
} from './email-address.js';

const label63 = 'a'.repeat(63);

describe('parseEmailAddress', () => {
  it.each([
    'testa.sample1@nhs.net',
    'TESTA.SAMPLE1@NHS.NET',
    'testa@example.com',
    'testa.middle.sample@sub.domain.example.com',
    'testa+cqrs@nhs.net',
    "testa.o'sample@nhs.net",
    '1234567890@example.com',
    'testa@domain-one.example',
    '_______@example.com',
    'testa@example.name',
    'testa@xn--bcher-kva.example',
    'testa@example.xn--p1ai',
    'testa@bücher.example',
    'testa@nhѕ.net',
    "info.!#$%&'*+/=?^_`{|}~-sample@example.com",
    `${'a'.repeat(64)}@example.com`,
    `a@${label63}.example`,
  ])('accepts %s', (text) => {
    expect(parseEmailAddress(text)).toMatchObject({
      ok: true,
      cleanUps: [],
      address: { display: text, normalised: text.toLowerCase() },
    });
  });

  it.each<[string, EmailAddressFault]>([
    ['', 'empty'],
    ['  \u00a0\u200b ', 'empty'],
    ['-', 'no-at-sign'],
    ['none', 'no-at-sign'],
    ['testa.sample.nhs.net', 'no-at-sign'],
    ['testa at nhs.net', 'no-at-sign'],
    ['@example.com', 'local-part'],
    ['testa@', 'domain'],
    ['testa@example', 'no-top-level-domain'],
    ['testa@nhsnet', 'no-top-level-domain'],
    ['testa@123.123.123.123', 'no-top-level-domain'],
    ['testa@[123.123.123.123]', 'domain'],
    ['testa@@nhs.net', 'local-part'],
    ['testa@one@example.com', 'local-part'],
    ['testa@example.com; testb@example.com', 'several-addresses'],
    ['testa@example.com,testb@example.com', 'several-addresses'],
    ['testa@example.com testb@example.com', 'several-addresses'],
    ['.testa@example.com', 'local-part'],
    ['testa.@example.com', 'local-part'],
    ['testa..sample@example.com', 'local-part'],
    ['testa sample@example.com', 'local-part'],
    ['testa\u00a0sample@example.com', 'local-part'],
    ['testa(sample)@example.com', 'local-part'],
    ['testa,sample@example.com', 'local-part'],
    ['testa£@example.com', 'local-part'],
    ['testa’s@example.com', 'local-part'],
    ['tësta@example.com', 'local-part'],
    ['"testa"@example.com', 'quoted-local-part'],
    ['"testa sample"@example.com', 'quoted-local-part'],
    ['testa@exam ple.com', 'domain'],
    ['testa@.example.com', 'domain'],
    ['testa@example..com', 'domain'],
    ['testa@-example.com', 'domain'],
    ['testa@example-.com', 'domain'],
    ['testa@exam_ple.com', 'domain'],
    ['testa@example,com', 'domain'],
    ['testa@example.com|nhs.net', 'domain'],
    ['testa@example.c', 'no-top-level-domain'],
    ['testa@example.123', 'no-top-level-domain'],
    ['testa@nhs。net', 'domain'],
    ['testa＠nhs.net', 'no-at-sign'],
    [`${'a'.repeat(65)}@example.com`, 'too-long'],
    [`a@${'a'.repeat(64)}.example`, 'domain'],
    [`${'a'.repeat(60)}@${label63}.${label63}.${label63}.example`, 'too-long'],
    [' '.repeat(2_000), 'too-long'],
  ])('refuses %j: %s', (text, reason) => {
    expect(parseEmailAddress(text)).toMatchObject({ ok: false, reason });
  });

  it.each<[string, EmailAddressCleanUp[]]>([
    ['  testa@nhs.net\t', ['surrounding-space']],
    ['testa@nhs.net\u00a0', ['surrounding-space']],
    ['testa@nhs\u200b.net', ['invisible-characters']],
    ['\ufefftesta@nhs.net', ['invisible-characters']],
    ['\u200e testa@nhs.net', ['invisible-characters', 'surrounding-space']],
    ['mailto:testa@nhs.net', ['mailto-prefix']],
    ['MAILTO: testa@nhs.net', ['mailto-prefix']],
    ['<testa@nhs.net>', ['angle-brackets']],
    ['<mailto:testa@nhs.net>', ['angle-brackets', 'mailto-prefix']],
    ['Testa Sample <testa@nhs.net>', ['display-name']],
    ['"Sample, Testa" <testa@nhs.net>;', ['trailing-punctuation', 'display-name']],
    ['"testa@nhs.net"', ['surrounding-quotes']],
    ['testa@nhs.net.', ['trailing-punctuation']],
    ['testa@nhs.net;', ['trailing-punctuation']],
    ['testa@nhs.net , ', ['surrounding-space', 'trailing-punctuation']],
  ])('cleans the packaging of %j and says how', (text, cleanUps) => {
    expect(parseEmailAddress(text)).toEqual({
      ok: true,
      cleanUps,
      address: {
        local: 'testa',
        domain: 'nhs.net',
        normalised: 'testa@nhs.net',
        display: 'testa@nhs.net',
        isAscii: true,
      },
    });
  });

  it.each([
    ['testa@nhs.net', true],
    ['testa@xn--nh-3lc.net', true],
    ['testa@nhѕ.net', false], // Cyrillic ѕ
    ['testa@ｎｈｓ.net', false], // full width
    ['testa@ban\u212a.example', false], // Kelvin sign, k in lower case
  ])('knows whether the domain of %s is plain ASCII', (text, isAscii) => {
    expect(parseEmailAddress(text)).toMatchObject({ ok: true, address: { isAscii } });
  });

  it('reads the same with space around it, however plain it looks without', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9.\-_+'@\u212a]{1,20}$/);
    const text = fc.oneof(
      part,
      fc.tuple(part, part, part).map(([local, name, top]) => `${local}@${name}.${top}`),
    );
    fc.assert(
      fc.property(text, (plain) => {
        const { cleanUps, ...read } = parseEmailAddress(plain);
        const { cleanUps: more, ...again } = parseEmailAddress(` ${plain}`);
        expect(again).toEqual(read);
        expect(more.filter((each) => each !== 'surrounding-space')).toEqual(cleanUps);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is idempotent: the normalised form reads as itself', () => {
    const first = parseEmailAddress(' Testa Sample <Testa.SAMPLE@NHS.net> ');
    if (!first.ok) throw new Error(first.reason);
    expect(parseEmailAddress(first.address.normalised)).toMatchObject({
      ok: true,
      cleanUps: [],
      address: { normalised: first.address.normalised },
    });
  });
});

describe('domainIsWithin', () => {
  it.each([
    ['nhs.net', true],
    ['service.nhs.net', true],
    ['a.b.nhs.net', true],
    ['evilnhs.net', false],
    ['nhs.net.example.com', false],
    ['nhs.net.', false],
    ['net', false],
    ['', false],
  ])('%s within nhs.net: %s', (domain, within) => {
    expect(domainIsWithin(domain, 'nhs.net')).toBe(within);
  });
});
