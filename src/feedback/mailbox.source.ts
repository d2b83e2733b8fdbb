import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { MailTokenSource } from '../delivery/index.js';
import { type FeedbackSource, LARGEST_REPORT, type TakeReport } from './feedback.source.js';
import { type Mailbox, readMailboxUrl } from './mailbox.url.js';

const LONGEST_PAUSE_MS = 300_000;

export interface MailboxPatience {
  /** The mailbox is looked through so often even when the server announces nothing. */
  readonly pollMs: number;
  /** Before the first attempt to connect again; it doubles with each that fails, up to five minutes. */
  readonly pauseMs: number;
}

/**
 * Takes every unseen message of an IMAP folder, and marks it as seen once it is stored: what a crash leaves between the
 * two comes a second time and is recognised. Several processes may read one mailbox.
 */
export class MailboxSource implements FeedbackSource {
  readonly name = 'imap';
  private readonly logger = new Logger(MailboxSource.name);
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private up = false;
  private failures = 0;
  private readonly mailbox: Mailbox;
  private readonly tokens: MailTokenSource | undefined;

  /** @throws InvalidInputError `bad-imap-url`. */
  constructor(
    url: string,
    private readonly patience: MailboxPatience = { pollMs: 60_000, pauseMs: 1_000 },
  ) {
    this.mailbox = readMailboxUrl(url);
    const { auth } = this.mailbox;
    this.tokens = auth && 'oauth' in auth ? new MailTokenSource(auth.oauth) : undefined;
  }

  get isUp(): boolean {
    return this.up;
  }

  /** Does not wait for the server: a mailbox that cannot be reached is tried until it can. */
  start(take: TakeReport): Promise<void> {
    this.running = this.run(take);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(take: TakeReport): Promise<void> {
    const { signal } = this.stopping;
    while (!this.isStopping()) {
      try {
        await this.session(take);
      } catch (error) {
        if (this.isStopping()) return;
        // A token may have been withdrawn before its time: the next session asks for a new one.
        this.tokens?.forget();
        this.logger.warn({ message: 'mailbox not reached', failures: ++this.failures, error: kindOf(error) });
      }
      const pause = Math.min(LONGEST_PAUSE_MS, this.patience.pauseMs * 2 ** Math.max(0, this.failures - 1));
      // Rejects only when it is told to stop, which ends the loop.
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async signIn(): Promise<Pick<ImapFlowOptions, 'auth'>> {
    const { auth } = this.mailbox;
    if (!auth) return {};
    if ('pass' in auth) return { auth };
    return { auth: { user: auth.user, accessToken: (await this.tokens?.token()) ?? '' } };
  }

  /** From connecting until the connection ends. */
  private async session(take: TakeReport): Promise<void> {
    const { folder, server } = this.mailbox;
    const client = new ImapFlow({ ...server, ...(await this.signIn()), ...connection });
    const { signal } = this.stopping;
    const leave = () => {
      client.close();
    };
    // The same error also fails the command that is under way.
    client.on('error', leave);
    signal.addEventListener('abort', leave);
    try {
      await client.connect();
      await client.mailboxOpen(folder);
      this.up = true;
      while (client.usable) {
        // Listened for before the folder is looked through: what comes meanwhile is news too.
        const news = this.news(client);
        await this.takeUnseen(client, take);
        this.failures = 0;
        await news;
      }
    } finally {
      this.up = false;
      signal.removeEventListener('abort', leave);
      client.close();
    }
  }

  private async takeUnseen(client: ImapFlow, take: TakeReport): Promise<void> {
    const unseen = (await client.search({ seen: false }, { uid: true })) || [];
    for (const uid of unseen) {
      if (!client.usable) return;
      // The report comes first and what it returns last, so the beginning of a huge one is enough.
      const found = await client.fetchOne(String(uid), { source: { maxLength: LARGEST_REPORT } }, { uid: true });
      if (!found || !found.source) continue;
      try {
        await take(found.source);
      } catch (error) {
        // Left unseen, so that it is tried again; the others need not wait for it.
        this.logger.error({ message: 'report not stored', uid, error: kindOf(error) });
        continue;
      }
      await client.messageFlagsAdd(String(uid), ['\\Seen'], { uid: true });
    }
  }

  private news(client: ImapFlow): Promise<void> {
    return new Promise((resolve) => {
      const heard = () => {
        clearTimeout(timer);
        client.off('exists', heard);
        client.off('close', heard);
        resolve();
      };
      const timer = setTimeout(heard, this.patience.pollMs);
      client.on('exists', heard);
      client.on('close', heard);
    });
  }
}

const connection = {
  logger: false,
  // Listens for announcements (IDLE) as soon as there is nothing else to do.
  autoIdleDelay: 100,
  connectionTimeout: 30_000,
  greetingTimeout: 30_000,
} satisfies Partial<ImapFlowOptions>;

/** Never the server's own words: they may name the user. */
function kindOf(error: unknown): string {
  const { authenticationFailed, code } = error as { authenticationFailed?: boolean; code?: string };
  return authenticationFailed ? 'authentication-failed' : (code ?? (error as Error).name);
}
