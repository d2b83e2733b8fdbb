import { Injectable } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { Clock } from '../shared/clock.js';
import { type LinkPurpose, readOrganisationToken } from '../shared/organisation-link.js';
import { type BadLink } from './answer.pages.js';
import { type CascadeRow, CascadeRepository, type OrganisationRow } from './cascade.repository.js';

export type OpenedLink =
  | {
      readonly ok: true;
      readonly purpose: LinkPurpose;
      readonly cascade: CascadeRow;
      readonly organisation: OrganisationRow;
    }
  | { readonly ok: false; readonly why: BadLink };

/** What a link opens, if it still does. Reading one changes nothing. */
@Injectable()
export class LinkService {
  constructor(
    private readonly repository: CascadeRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async open(token: string, purposes: readonly LinkPurpose[]): Promise<OpenedLink> {
    const link = readOrganisationToken(token, this.config.secret);
    if (!link) return { ok: false, why: 'unknown' };
    if (!purposes.includes(link.purpose)) return { ok: false, why: 'other-purpose' };
    if (this.clock.now() >= link.expiresAt) return { ok: false, why: 'expired' };
    const cascade = await this.repository.find(link.cascadeId);
    const organisation = await this.repository.organisation(link.cascadeId, link.organisation);
    if (!cascade || !organisation) return { ok: false, why: 'unknown' };
    if (link.generation < organisation.link_generation) return { ok: false, why: 'revoked' };
    return { ok: true, purpose: link.purpose, cascade, organisation };
  }
}
