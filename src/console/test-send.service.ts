import { Injectable } from '@nestjs/common';
import { type Kysely } from 'kysely';
import { v5 as uuidFrom, v7 as uuid } from 'uuid';
import { AuditTrail, type Principal } from '../access/index.js';
import { type CampaignRow } from '../campaigns/index.js';
import { Ledger, type MessageView, type NewMessage } from '../delivery/index.js';
import { type Config, InjectConfig, isCaptured } from '../platform/config/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import { Clock } from '../shared/clock.js';
import { ForbiddenError } from '../shared/errors.js';
import { EmailPreviews } from './email.previews.js';
import { type PlannedEmail } from './plan.reads.js';

/** Tests of a campaign are kept apart from it, so that they never count as its progress. */
const TESTS = 'b0a5b1f4-3f1b-5a0e-8a55-51e6a9d3c7d2';

/** Sends an email of a plan to somebody else's address than the recipient's, through everything a real one goes through. */
@Injectable()
export class TestSend {
  constructor(
    @InjectDatabase() private readonly db: Kysely<unknown>,
    private readonly previews: EmailPreviews,
    private readonly templates: TemplateCatalogue,
    private readonly ledger: Ledger,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** While mail can reach anybody, a wrongly typed address would tell a stranger somebody's accounts. */
  get anywhere(): boolean {
    return isCaptured(this.config) || this.config.trialMode;
  }

  /** @throws ForbiddenError `no-tests` where mail goes out for real, and the address is not the verified one of the principal. */
  async send(campaign: CampaignRow, email: PlannedEmail, address: string, principal: Principal): Promise<void> {
    if (!this.anywhere && address !== principal.address) {
      throw new ForbiddenError('no-tests', 'Email goes out for real here: a test can go only to your own address');
    }
    const { values } = await this.previews.valuesOf(campaign, email);
    const id = uuid();
    const now = this.clock.now();
    const test = { id, campaignId: uuidFrom(campaign.id, TESTS), purpose: `test:${id}`, dueAt: now, expiresAt: null };
    const message: NewMessage = {
      personKey: testKey(principal),
      accountIds: [],
      organisationCodes: [],
      route: 'direct',
      segment: email.segment,
      address,
      template: email.template,
      templateVersion: this.templates.get(email.template).version,
      values,
    };
    const entry = {
      actor: principal.id,
      action: 'campaign.test-sent',
      subject: `campaign:${campaign.id}`,
      details: { template: email.template, dispatch: id },
    };
    await this.db.transaction().execute(async (trx) => {
      await this.ledger.plan(test, [message], trx);
      await this.audit.record(entry, trx);
    });
  }

  /** The newest tests of a campaign and what became of them. */
  async of(campaign: CampaignRow): Promise<MessageView[]> {
    return (await this.ledger.messages({ campaignId: uuidFrom(campaign.id, TESTS) })).reverse().slice(0, 5);
  }
}

/** Stands for the person in the ledger: a test is about nobody, and belongs to no organisation. */
const testKey = ({ id }: Principal): string => `test:${id}`;

export const isTestBy = (principal: Principal, { personKey }: MessageView): boolean => personKey === testKey(principal);
