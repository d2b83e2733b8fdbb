import { type Command } from 'commander';
import { registerCascadeCommands } from './cascade.commands.js';
import { registerDemoCommand } from './demo.command.js';
import { registerImportCommands } from './import.commands.js';
import { registerMailCommands } from './mail.commands.js';
import { registerReadCommands } from './read.commands.js';
import { registerServiceCommands } from './service.commands.js';
import { registerSimulateCommand } from './simulate.command.js';
import { registerTextCommands } from './text.commands.js';

export function registerCommands(program: Command): void {
  registerDemoCommand(program);
  registerImportCommands(program);
  registerReadCommands(program);
  registerMailCommands(program);
  registerServiceCommands(program);
  registerSimulateCommand(program);
  registerTextCommands(program);
  registerCascadeCommands(program);
}
