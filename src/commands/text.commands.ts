import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Command } from 'commander';
import { InvalidInputError } from '../shared/errors.js';
import { CommandFailure, count, print, table } from './terminal.js';

/** Commands that only read files: they need no database. */
export function registerTextCommands(program: Command): void {
  program
    .command('lint <file>')
    .description('faults of a template (folder or file) or of a plain message text')
    .option('--json', 'the findings as one JSON array')
    .action(async (file: string, { json }: { json?: boolean }) => {
      const { lintFile } = await import('../rendering/index.js');
      const findings = await lintFile(file);
      if (json) await print(JSON.stringify(findings));
      else if (findings.length === 0) await print('no faults found');
      else for (const { rule, line, message } of findings) await print(`${file}:${line}: ${message} (${rule})`);
      if (findings.length > 0 && !json) throw new CommandFailure(count(findings.length, 'fault'), 1);
    });

  program
    .command('bounce <file...>')
    .description('what a bounce, complaint or automatic reply says of each recipient')
    .option('--json', 'one JSON line a file')
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const { classifyReport } = await import('../feedback/index.js');
      const rows: string[][] = [];
      const unread: InvalidInputError[] = [];
      for (const file of files) {
        const raw = await message(file).catch((error: unknown) => {
          if (error instanceof InvalidInputError) unread.push(error);
          else throw error;
        });
        if (!raw) continue;
        const { kind, recipients } = await classifyReport(raw);
        const found = recipients.map(({ address, kind: of, reason, status }) => ({
          address,
          kind: of,
          reason,
          status,
        }));
        if (json) await print(JSON.stringify({ file, kind, recipients: found }));
        rows.push([basename(file), kind, found.map(({ reason }) => reason).join(', ')]);
      }
      if (!json && rows.length > 0) await print(table(['file', 'kind', 'reason'], rows));
      if (unread.length > 0) throw new CommandFailure(unread.map((error) => error.message).join('\n'), 2);
    });
}

/** Text without a header field before the first empty line (RFC 5322) would be taken for a person's free answer. */
async function message(file: string): Promise<Buffer> {
  const raw = await read(file);
  const [head = ''] = raw
    .subarray(0, 64_000)
    .toString('latin1')
    .split(/\r?\n\r?\n/, 1);
  if (/^[!-9;-~]+:/m.test(head)) return raw;
  throw new InvalidInputError('not-a-message', `${file} is no email; expected a message as raw text (.eml)`);
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new InvalidInputError(
      'file-unreadable',
      `${file} cannot be read (${code}); expected a message as raw text (.eml)`,
      { cause: error },
    );
  }
}
