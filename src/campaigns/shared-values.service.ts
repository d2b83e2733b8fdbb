import { Injectable } from '@nestjs/common';
import { DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { type CampaignRow } from './campaign.repository.js';

/** The template values that every message of a campaign shares. Dates come from the window and from nowhere else. */
@Injectable()
export class SharedValuesService {
  constructor(
    private readonly deadlines: DeadlinesService,
    @InjectConfig() private readonly config: Config,
  ) {}

  async of(
    campaign: Pick<CampaignRow, 'kind' | 'options'>,
    window: DeclarationWindow,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { options } = campaign;
    const [, senderAddress] = /<([^>]+)>/.exec(this.config.mailFrom) ?? [];
    return {
      window: {
        cutoff: window.cutoff.isoLocal(),
        reopening: window.reopening.date,
        pcse: window.pcse.date,
        ...(window.signInChange && { signInChange: window.signInChange.date }),
      },
      ...(campaign.kind === 'correction' && { previousWindow: await this.previousTimes(window) }),
      serviceDesk: options.serviceDesk,
      links: {
        guidance: options.guidanceUrl,
        console: this.config.publicUrl ?? `http://${this.config.host}:${this.config.port}/`,
      },
      sender: { name: options.senderName, address: senderAddress ?? this.config.mailFrom },
    };
  }

  /** The dates that people were told before the window last moved. */
  private async previousTimes(window: DeclarationWindow): Promise<Readonly<Record<string, string>> | undefined> {
    const last = (await this.deadlines.history(window.id)).findLast(
      ({ before, after }) =>
        before.cutoff !== after.cutoff || before.reopening !== after.reopening || before.pcse !== after.pcse,
    );
    if (!last) return undefined;
    const { cutoff, reopening, pcse } = last.before;
    return { cutoff, reopening: reopening.slice(0, 10), pcse: pcse.slice(0, 10) };
  }
}
