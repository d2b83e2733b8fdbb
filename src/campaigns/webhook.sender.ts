import { request } from 'node:https';
import { Inject, Injectable } from '@nestjs/common';
import { type Attempt, ATTEMPT_TIMEOUT } from './webhook.rules.js';
import { WEBHOOK_NETWORK, type WebhookNetwork, WebhookTargets } from './webhook.target.js';

/** Makes one attempt to deliver. Follows no redirect, and reads nothing of the answer but its status. */
@Injectable()
export class WebhookSender {
  constructor(
    private readonly targets: WebhookTargets,
    @Inject(WEBHOOK_NETWORK) private readonly network: WebhookNetwork,
  ) {}

  async post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<Attempt> {
    const target = new URL(url);
    try {
      await this.targets.addressesOf(target.hostname);
      return { status: await this.send(target, body, headers) };
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      return { error: (name === 'TimeoutError' ? 'timeout' : (code ?? name)).slice(0, 60) };
    }
  }

  private send(target: URL, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request(
        target,
        {
          method: 'POST',
          // A connection of its own each time: a kept one would not be looked up again.
          agent: false,
          lookup: this.targets.lookup,
          signal: AbortSignal.timeout(ATTEMPT_TIMEOUT),
          ...(this.network.ca !== undefined && { ca: this.network.ca }),
          headers: {
            ...headers,
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(body),
            'User-Agent': 'cqrs-comms-webhooks/1',
          },
        },
        (response) => {
          response.destroy();
          resolve(response.statusCode ?? 0);
        },
      );
      sent.on('error', (error) => {
        // An abort says only that it was one; why is in its cause.
        reject(error.cause instanceof Error ? error.cause : error);
      });
      sent.end(body);
    });
  }
}
