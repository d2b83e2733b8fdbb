import { type Command } from 'commander';
import { type MailStop } from '../delivery/index.js';
import { InvalidInputError } from '../shared/errors.js';
import { print, when, withService } from './terminal.js';

const ACTOR = 'system:terminal';

async function mailStop<T>(work: (mail: MailStop) => Promise<T>): Promise<T> {
  const [{ AuditModule }, delivery] = await Promise.all([import('../access/index.js'), import('../delivery/index.js')]);
  return withService((app) => work(app.get(delivery.MailStop)), { modules: [AuditModule, delivery.MailStopModule] });
}

export function registerMailCommands(program: Command): void {
  const group = program.command('mail').description('stop all mail, and let it go on');

  group
    .command('stop <reason>')
    .description('nothing more leaves, from any process, until it is resumed')
    .action(async (given: string) => {
      const { stopReasonSchema } = await import('../delivery/index.js');
      const reason = stopReasonSchema.safeParse(given);
      if (!reason.success) {
        throw new InvalidInputError(
          'bad-reason',
          'mail stop: expected the reason, in one line of at most 300 characters',
        );
      }
      const isNew = await mailStop((mail) => mail.stop(reason.data, ACTOR));
      await print(isNew ? 'All mail is stopped.' : 'All mail was stopped already.');
    });

  group
    .command('resume')
    .description('what waits leaves again; nobody gets a message twice')
    .action(async () => {
      const ended = await mailStop((mail) => mail.resume(ACTOR));
      await print(ended ? 'Mail goes on.' : 'Mail was not stopped.');
    });

  group
    .command('state')
    .description('whether mail may leave')
    .option('--json', 'one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const stop = await mailStop((mail) => mail.standing());
      if (json) await print(JSON.stringify({ stopped: stop ?? null }));
      else await print(stop ? `All mail is stopped since ${when(stop.since)}: ${stop.reason}` : 'Mail may leave.');
    });
}
