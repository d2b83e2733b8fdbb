import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { ByteWriter } from '../shared/byte-writer.js';
import { prepareComposer } from './mime.composer.js';
import { dkimIdentity, prepareSigner } from './mime.dkim.js';

const ed25519 = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RAW_KEY = 32;

/** What the domain would publish in its DNS. */
const records = {
  ed25519: `v=DKIM1; k=ed25519; p=${ed25519.publicKey.export({ type: 'spki', format: 'der' }).subarray(-RAW_KEY).toString('base64')}`,
  rsa: `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
};
const pem = {
  ed25519: ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  rsa: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};
type Kind = keyof typeof pem;

const signer = (kind: Kind) => {
  const sign = prepareSigner(dkimIdentity({ domain: 'example.test', selector: 's1', privateKey: pem[kind] }));
  return (mime: Buffer) => Buffer.concat([Buffer.from(sign(mime), 'latin1'), mime]);
};

async function verdict(kind: Kind, signed: Buffer): Promise<string | undefined> {
  const { results } = await dkimVerify(signed, { resolver: () => Promise.resolve([[records[kind]]]) });
  return results[0]?.status.result;
}

const encoded = (body: string) => (out: ByteWriter) => {
  out.ascii(body);
};
const message = prepareComposer({
  from: { name: 'The CQRS team', address: 'cqrs-comms@example.test' },
  messageIdDomain: 'example.test',
}).compose(
  {
    ...{ id: 'm1', date: new Date('2026-09-14T08:00:00Z'), to: { name: 'Zoë', address: 'zoe@nhs.net' } },
    subject: 'Declare before midday on Friday 18 September 2026 – or miss the payment of this month altogether',
    text: encoded('Declare.  Now. \t\r\n\r\n'),
    html: encoded('<p>\tDeclare</p>  \r\n'),
    unsubscribeUrl: 'https://example.test/stop/1',
  },
  new ByteWriter(),
);

describe.each<Kind>(['ed25519', 'rsa'])('a DKIM signature by %s', (kind) => {
  it('is accepted by a verifier', async () => {
    expect(await verdict(kind, signer(kind)(message))).toBe('pass');
  });

  it.each([
    ['the body', 'Declare.', 'Decline.'],
    ['the subject', 'Friday_18', 'Friday_25'],
    ['the way out', 'stop/1', 'stop/2'],
    ['the sender, by a second one', 'From: ', 'From: Other <o@example.test>\r\nFrom: '],
  ])('shows a change of %s', async (_title, before, after) => {
    const signed = signer(kind)(message).toString('latin1');
    expect(signed).toContain(before);
    expect(await verdict(kind, Buffer.from(signed.replace(before, after), 'latin1'))).not.toBe('pass');
  });
});

it('holds for any white space and line ends in a body', async () => {
  const sign = signer('ed25519');
  const body = fc.string({ unit: fc.constantFrom(' ', '\t', '\r\n', 'a', '.', '  '), maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      const mime = Buffer.from(`From: a@example.test\r\nSubject:  x \r\n\ty\r\nTo: b@example.test\r\n\r\n${text}\r\n`);
      expect(await verdict('ed25519', sign(mime))).toBe('pass');
    }),
    { numRuns: 100 },
  );
});

it.each([
  ['a key that is none', { privateKey: 'secret' }],
  ['a domain with a line break', { domain: 'example.test\r\nx' }],
  ['a selector that is longer than a name can be', { selector: 's'.repeat(254) }],
  [
    'an elliptic-curve key',
    {
      privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
    },
  ],
])('refuses %s', (_title, change) => {
  const settings = { domain: 'example.test', selector: 's1', privateKey: pem.rsa, ...change };
  expect(() => dkimIdentity(settings)).toThrow(expect.objectContaining({ code: 'bad-dkim' }) as Error);
});
