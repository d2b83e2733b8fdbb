import { generateKeyPairSync } from 'node:crypto';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { dkimIdentity } from './mime.dkim.js';
import { SigningPool } from './signing.pool.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const record = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
const identity = dkimIdentity({
  ...{ domain: 'example.test', selector: 's1' },
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
});
const AT_ONCE = 200;

const messageOf = (name: string, length = 100): Buffer =>
  Buffer.from(`From: a@example.test\r\nTo: b@example.test\r\nSubject: ${name}\r\n\r\n${'Declare.\r\n'.repeat(length)}`);

async function isSigned(mime: Buffer): Promise<boolean> {
  const { results } = await dkimVerify(mime, { resolver: () => Promise.resolve([[record]]) });
  return results.length === 1 && results[0]?.status.result === 'pass';
}

let pool: SigningPool;
beforeEach(() => (pool = new SigningPool(identity, AT_ONCE)));
afterEach(() => pool.close());

it('gives each of many messages its own signature, large ones and more than it has places for too', async () => {
  const wrong: string[] = [];
  const sendOne = async (i: number): Promise<void> => {
    const message = messageOf(`no. ${i}`, i % 9 === 0 ? 9_000 : i % 50);
    const { mime, done } = await pool.sign(message);
    // As a server takes longer over one than over another.
    for (let turns = (i * 7) % 5; turns > 0; turns--) await new Promise(setImmediate);
    const isIts = mime.subarray(-message.length).equals(message);
    if (!isIts || !(await isSigned(mime))) wrong.push(`no. ${i}`);
    done();
  };
  const line = Array.from({ length: 1_000 }, (_, i) => i);
  const next = async (): Promise<void> => {
    for (let i = line.shift(); i !== undefined; i = line.shift()) await sendOne(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE + 20 }, next));
  expect(wrong).toEqual([]);
});

it('says so when a message cannot be signed as its thread is gone, and signs the next ones', async () => {
  const many = Array.from({ length: AT_ONCE }, (_, i) => pool.sign(messageOf(`no. ${i}`)));
  const ends = Promise.allSettled(many);
  await Promise.any(many);
  // As Node says it of a thread that has run out of memory.
  for (const thread of pool['threads']().threads) thread.emit('error', new Error('out of memory'));
  const signed = (await ends).flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  expect(signed.length).toBeLessThan(many.length);
  expect(await Promise.all(signed.map(({ mime }) => isSigned(mime)))).not.toContain(false);
  signed.forEach(({ done }) => {
    done();
  });
  const { mime } = await pool.sign(messageOf('afterwards'));
  expect(await isSigned(mime)).toBe(true);
});

it('signs nothing more once it is closed', async () => {
  const early = pool.sign(messageOf('early'));
  const closed = pool.close();
  await expect(early).rejects.toThrow('closed');
  await closed;
  await expect(pool.sign(messageOf('late'))).rejects.toThrow('closed');
  expect(pool['started']).toBeUndefined();
});
