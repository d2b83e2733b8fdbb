import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyReport } from './classify-report.js';

const folder = join(import.meta.dirname, '../../test/fixtures/dsn');
const samples = readdirSync(folder)
  .filter((name) => name.endsWith('.eml'))
  .map((name) => readFileSync(join(folder, name)));

/**
 * Milliseconds. What takes the square of such a length takes minutes, and a machine that is busy with other things up to
 * four seconds.
 */
const QUICK = 20_000;

/** Milliseconds of processor time that a call took. */
async function timed(raw: Buffer): Promise<number> {
  const start = process.cpuUsage();
  await classifyReport(raw);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

describe('classifyReport on what strangers send', () => {
  it('answers on any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4_000 }), async (bytes) => {
        expect((await classifyReport(Buffer.from(bytes))).recipients.length).toBeLessThanOrEqual(100);
      }),
      { numRuns: 300 },
    );
  });

  it('answers on any piece of a real report, and on real reports with bytes changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...samples),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(255),
        async (sample, at, byte) => {
          const place = Math.floor(at * (sample.length - 1));
          const damaged = Buffer.from(sample);
          damaged[place] = byte;
          await expect(classifyReport(damaged)).resolves.toHaveProperty('kind');
          await expect(classifyReport(sample.subarray(0, place))).resolves.toHaveProperty('kind');
          await expect(classifyReport(sample.subarray(place))).resolves.toHaveProperty('kind');
        },
      ),
      { numRuns: 300 },
    );
  });

  const head = 'From: MAILER-DAEMON@example.org\nReturn-Path: <>\nSubject: failure notice\n';
  it.each([
    ['one line of ten million characters', 'a'.repeat(10_000_000)],
    ['at signs', '@'.repeat(3_000_000)],
    ['apostrophes', "a'".repeat(1_500_000)],
    ['addresses', 'x@y.z '.repeat(500_000)],
    ['short lines with addresses', '<x@example.org>:\n'.repeat(200_000)],
    ['open angle brackets', '<'.repeat(3_000_000)],
    ['spaces', ' '.repeat(3_000_000)],
    ['line ends', '\n \n'.repeat(1_000_000)],
    ['codes', '550-5.1.1 '.repeat(300_000)],
    ['encoded words', '=?utf-8?q?'.repeat(300_000)],
    ['equals signs', '= '.repeat(1_500_000)],
  ])('is quick on a body of %s', async (_what, body) => {
    expect(await timed(Buffer.from(`${head}\n${body}`))).toBeLessThan(QUICK);
    expect(await timed(Buffer.from(`${head}X-Failed-Recipients: ${body.replaceAll('\n', ' ')}\n\nx`))).toBeLessThan(
      QUICK,
    );
    expect(await timed(Buffer.from(`${head}Content-Type: text/html\n\n${body}`))).toBeLessThan(QUICK);
    expect(
      await timed(
        Buffer.from(
          `${head}Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b.example\nDiagnostic-Code: smtp; ${body.replaceAll('\n', ' ')}`,
        ),
      ),
    ).toBeLessThan(QUICK);
  });

  it('is quick on parts full of fields that begin a recipient', async () => {
    const fields = Array.from({ length: 6_000 }, (_, i) => `Final-Recipient: rfc822; a${i}@b.example\n`).join('');
    for (const type of ['text/plain', 'message/delivery-status']) {
      const part = `--b\nContent-Type: ${type}\n\n${fields}\n`;
      const mixed = `${head}Content-Type: multipart/report; boundary=b\n\n`;
      expect(await timed(Buffer.from(`${mixed}${part.repeat(9)}--b--\n`))).toBeLessThan(QUICK);
    }
  });

  it('bounds parts and depth', async () => {
    let nested = 'x';
    for (let i = 0; i < 200; i++)
      nested = `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n${nested}\n--b${i}--\n`;
    expect(await timed(Buffer.from(nested))).toBeLessThan(QUICK);
    expect(
      await timed(Buffer.from(`Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(100_000)}`)),
    ).toBeLessThan(QUICK);
  });
});
