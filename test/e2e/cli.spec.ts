import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'cqrs-comms-cli-'));
const dataDir = join(folder, 'data');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The terminal as its users have it, on the embedded database with nothing running. */
function cli(parameters: string[], environment: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...parameters], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], DATA_DIR: dataDir, ...environment },
  });
  return { status, stdout, stderr };
}

function file(name: string, ...lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

const HEADER = 'account_id,first_name,last_name,email,status,last_sign_in,organisation_code,roles';
const linesOf = (text: string) => text.trim().split('\n');

describe('the terminal', () => {
  it('imports, classifies and verifies, with nothing but JSON on standard output', () => {
    const accounts = file('accounts.csv', HEADER, 'Q1,Testa,Sample,testa.sample1@nhs.net,active,,A81001,View');
    const imported = cli(['import', 'accounts', accounts, '--json']);
    expect({ ...imported, stdout: JSON.parse(imported.stdout) as unknown }).toMatchObject({
      status: 0,
      stdout: { applied: true, added: 1, faultCount: 0 },
      stderr: '',
    });
    const segments = cli(['segments', '--json']);
    expect(segments).toMatchObject({ status: 0, stderr: '' });
    expect(linesOf(segments.stdout).map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ accountId: 'Q1', segment: 'nhsmail-unconfirmed' }),
    ]);
  });

  it('lists every bad row of a refused file and exits with 2, naming nobody', () => {
    const rows = Array.from({ length: 30 }, (_, i) => `Q${i},Secretname,S,private${i}@example.org,gone,,A81001,View`);
    const refused = cli(['import', 'accounts', file('bad.csv', HEADER, ...rows)]);
    expect(refused.status).toBe(2);
    expect(linesOf(refused.stdout).filter((line) => line.includes('column status'))).toHaveLength(30);
    expect(refused.stderr).toBe('Refused: 30 faults in 30 rows; nothing was changed.\n');
    expect(refused.stdout).not.toMatch(/Secretname|private/);
  });

  it('says its version, and that a file without a header is no email', () => {
    expect(cli(['--version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    });
    const notes = file('notes.txt', 'Nothing that a mail server would have written');
    const refused = cli(['bounce', notes, '--json']);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(linesOf(refused.stderr)).toEqual([`${notes} is no email; expected a message as raw text (.eml)`]);
  });

  it('tells what the other files say when one of many bounces cannot be read', () => {
    const reply = file(
      'reply.eml',
      'From: testa@nhs.net\nSubject: Automatic reply: away\nAuto-Submitted: auto-replied\n\nAway',
    );
    const notes = file('other-notes.txt', 'Nothing that a mail server would have written');
    const none = join(folder, 'none.eml');
    const mixed = cli(['bounce', notes, reply, none, reply, '--json']);
    expect(mixed.status).toBe(2);
    expect(linesOf(mixed.stdout).map((line) => (JSON.parse(line) as { file: string }).file)).toEqual([reply, reply]);
    expect(linesOf(mixed.stderr)).toEqual([
      `${notes} is no email; expected a message as raw text (.eml)`,
      `${none} cannot be read (ENOENT); expected a message as raw text (.eml)`,
    ]);
    expect(cli(['bounce', notes, reply]).stdout).toContain('auto-reply');
  });

  it('does not call an organisation that nobody knows one that was told nothing', () => {
    expect(cli(['told', 'ZZZZ9', '--json'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'No imported file names an organisation ZZZZ9.\n',
    });
  });

  it.each([
    [
      'an unreachable database',
      ['segments'],
      { DATABASE_URL: 'postgres://u:hidden@127.0.0.1:1/x' },
      1,
      /^The database at 127\.0\.0\.1:1 does not answer, or ended the connection \(connect ECONNREFUSED/,
    ],
    [
      'a data folder that cannot be made',
      ['segments'],
      { DATA_DIR: '/dev/null/data' },
      1,
      /^DATA_DIR: expected a folder that this user may write to\. \/dev\/null\/data: it is a file, or below one\n$/,
    ],
    [
      'a clock in production',
      ['segments'],
      { NODE_ENV: 'production', CLOCK: '2026-09-14T08:00:00Z' },
      1,
      /CLOCK: the clock cannot be fixed/,
    ],
    ['a campaign id that is none', ['plan', 'x'], {}, 2, /^plan: expected the id of a campaign/],
    ['a binary file to lint', ['lint', process.execPath], {}, 2, /is a binary file/],
  ])('says in one line what is wrong with %s', (_, parameters, environment, status, message) => {
    const failed = cli(parameters, environment);
    expect(failed).toMatchObject({ status, stdout: '' });
    expect(failed.stderr).toMatch(message);
    expect(linesOf(failed.stderr)).toHaveLength(1);
    expect(failed.stderr).not.toContain('hidden');
  });
});
