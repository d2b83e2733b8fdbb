import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type Config } from '../platform/config/index.js';
import { FeedbackService } from './feedback.service.js';
import { FEEDBACK_SOURCES, type FeedbackSource } from './feedback.source.js';
import { ListenerSource } from './listener.source.js';

/**
 * The sources that are configured. They belong to the role that mostly runs once, as one mailbox and one port need one
 * reader; several do no harm.
 */
export async function sourcesOf(config: Config): Promise<FeedbackSource[]> {
  const { roles, host, secret, feedbackImapUrl, feedbackSmtpPort } = config;
  if (!roles.includes('scheduler')) return [];
  return [
    ...(feedbackImapUrl === undefined ? [] : [await mailbox(feedbackImapUrl)]),
    ...(feedbackSmtpPort === undefined ? [] : [new ListenerSource({ host, port: feedbackSmtpPort, secret })]),
  ];
}

/** Loaded where a mailbox is read: the IMAP client takes every other start a tenth of a second. */
async function mailbox(url: string): Promise<FeedbackSource> {
  const { MailboxSource } = await import('./mailbox.source.js');
  return new MailboxSource(url);
}

/** Lets what comes in by the sources reach the service, from start to stop. */
@Injectable()
export class FeedbackIntake implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(FEEDBACK_SOURCES) private readonly sources: readonly FeedbackSource[],
    private readonly feedback: FeedbackService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    for (const source of this.sources) {
      await source.start(async (raw, envelopeRecipient) => {
        await this.feedback.ingest(raw, {
          source: source.name,
          ...(envelopeRecipient === undefined ? {} : { envelopeRecipient }),
        });
      });
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.sources.map((source) => source.stop()));
  }
}
