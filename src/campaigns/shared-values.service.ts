import { Injectable } from '@nestjs/common';
import { type DeclarationWindow } from '../deadlines/index.js';
import { senderOf } from '../delivery/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { type CampaignRow } from './campaign.repository.js';
import { allDatesOf } from './correction.audience.js';

/** The template values that every message of a campaign shares. Dates come from the window and from nowhere else. */
@Injectable()
export class SharedValuesService {
  constructor(@InjectConfig() private readonly config: Config) {}

  of({ options }: Pick<CampaignRow, 'options'>, window: DeclarationWindow) {
    return {
      window: allDatesOf(window),
      serviceDesk: options.serviceDesk,
      links: {
        guidance: options.guidanceUrl ?? this.config.guidanceUrl,
        cqrs: this.config.cqrsUrl,
      },
      sender: { name: options.senderName, address: senderOf(this.config.mailFrom).mailbox.address },
    };
  }
}
