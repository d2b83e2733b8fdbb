import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { CommandFailure } from './commands/terminal.js';
import { registerCommands } from './commands/index.js';
import { PROJECT_ROOT } from './platform/config/project-root.js';
import { InvalidInputError } from './shared/errors.js';
import { oneLine } from './one-line.js';

const program = new Command('cqrs-comms')
  .description('Tells GP practices and commissioners what they must do before a CQRS payment cutoff, and proves it.')
  .version(versionOf())
  .showHelpAfterError('(add --help for the usage)')
  .exitOverride();
registerCommands(program);

function versionOf(): string {
  const { version } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}

// `… --json | head` closes our output early: that is the reader's right and no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(`${error instanceof CommandFailure ? error.message : oneLine(error)}\n`);
    process.exitCode = error instanceof CommandFailure ? error.exitCode : error instanceof InvalidInputError ? 2 : 1;
  }
}
