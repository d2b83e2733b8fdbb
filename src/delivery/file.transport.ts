import { randomUUID } from 'node:crypto';
import { open, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailTransport, Outcome, OutgoingMessage } from './transport.js';

/** Writes each message as `<id>.eml` into a folder: for a system that fetches mail from there, and for looking at. */
export class FileTransport implements MailTransport {
  readonly name = 'file';
  readonly concurrency = 16;
  readonly tellsLeaving = true;

  constructor(private readonly folder: string) {}

  async send({ id, mime, leaving }: OutgoingMessage): Promise<Outcome> {
    const name = `${id.replace(/[^A-Za-z0-9._-]/g, '_')}.eml`;
    // Whoever watches the folder for .eml never sees half a file.
    const draft = join(this.folder, `.${name}.${randomUUID()}.part`);
    try {
      await mkdir(this.folder, { recursive: true });
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(mime);
        await file.sync();
      } finally {
        await file.close();
      }
      leaving?.();
      await rename(draft, join(this.folder, name));
      return { kind: 'accepted', code: 250, response: `Written as ${name}` };
    } catch (error) {
      return { kind: 'not-sent', reason: `The file could not be written (${(error as NodeJS.ErrnoException).code})` };
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
