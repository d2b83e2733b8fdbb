import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type Config } from '../platform/config/index.js';
import { FeedbackService } from './feedback.service.js';
import { FEEDBACK_SOURCES, type FeedbackSource } from './feedback.source.js';
import { ListenerSource } from './listener.source.js';
import { MailboxSource } from './mailbox.source.js';

/**
 * The sources that are configured. They belong to the role that mostly runs once, as one mailbox and one port need one
 * reader; several do no harm.
 */
export function sourcesOf({ roles, host, secret, feedbackImapUrl, feedbackSmtpPort }: Config): FeedbackSource[] {
  if (!roles.includes('scheduler')) return [];
  return [
    ...(feedbackImapUrl === undefined ? [] : [new MailboxSource(feedbackImapUrl)]),
    ...(feedbackSmtpPort === undefined ? [] : [new ListenerSource({ host, port: feedbackSmtpPort, secret })]),
  ];
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
