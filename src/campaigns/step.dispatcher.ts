import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { v5 as uuidFrom } from 'uuid';
import { DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { Ledger, type NewMessage } from '../delivery/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import { type Config, InjectConfig, publicUrlOf } from '../platform/config/index.js';
import { FIRST_GENERATION, linksExpireAt, organisationLinkPath } from '../shared/organisation-link.js';
import { AudienceRepository } from './audience.repository.js';
import { AudienceService } from './audience.service.js';
import { KINDS } from './campaign.kinds.js';
import { type CampaignRow, type StepRow } from './campaign.repository.js';
import { type CampaignTables } from './campaign.tables.js';
import { PlanRepository } from './plan.repository.js';
import { type Obligation, type PlannedRecipient } from './recipient.types.js';
import { type OutstandingWork, outstandingWork } from './reminder.rules.js';
import { SharedValuesService } from './shared-values.service.js';

/** Names dispatches the same way each time: a step that is dispatched twice is planned once. */
const DISPATCHES = '3d6f0a52-7c3e-5f0b-9a49-5a6f7f0c7e11';

/** Whom a step may go to. */
export interface StepAudience {
  /** In the order of person and topic. */
  readonly recipients: () => AsyncIterable<PlannedRecipient>;
  readonly isApproved: (recipient: PlannedRecipient) => boolean;
}

/** What became of a step. */
export interface Dispatched {
  readonly planned: number;
  /** How many would have got an email, had the plan that was approved known of them. */
  readonly newcomers: number;
  /** ODS codes of the organisations that those would have been written to about. */
  readonly organisations: readonly string[];
}

/** Turns a due step of an approved campaign into ledger rows. */
@Injectable()
export class StepDispatcher {
  constructor(
    private readonly plans: PlanRepository,
    private readonly ledger: Ledger,
    private readonly deadlines: DeadlinesService,
    private readonly directory: AudienceRepository,
    private readonly audience: AudienceService,
    private readonly sharedValues: SharedValuesService,
    private readonly templates: TemplateCatalogue,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Whom the campaign's next step is about: the approved plan; of a ladder, which runs for weeks, the people that it
   * names by account, as the directory has them now. Read before the campaign is locked: it takes seconds.
   */
  async audienceOf(campaign: CampaignRow): Promise<StepAudience> {
    const { approved_plan_id: planId } = campaign;
    if (planId === null) throw new Error(`Campaign ${campaign.id} has no approved plan`);
    if (KINDS[campaign.kind].schedule === 'once') {
      return { recipients: () => this.plans.planned(planId, 'mailed'), isApproved: () => true };
    }
    const accounts = await this.plans.accountsOf(planId);
    const window = await this.deadlines.window(campaign.window_id);
    const everybody = await this.audience.everybody();
    return {
      recipients: () => this.audience.recipients(campaign, window, everybody),
      isApproved: ({ accountIds }) => accountIds.some((accountId) => accounts.has(accountId)),
    };
  }

  /**
   * Writes the step's messages in the caller's transaction, as one dispatch. Reminders go to those whose work is
   * outstanding at this moment.
   */
  async dispatch(
    campaign: CampaignRow,
    step: StepRow,
    audience: StepAudience,
    trx: Transaction<CampaignTables>,
  ): Promise<Dispatched> {
    const window = await this.deadlines.window(campaign.window_id);
    const sharedValues = this.sharedValues.of(campaign, window);
    const organisations = await this.directory.organisations();
    const outstanding = outstandingWork(
      await this.deadlines.blockers(window.id),
      (code) => organisations.get(code)?.name ?? code,
    );
    const purpose = `${campaign.kind}:${step.step_id}`;
    const dispatch = {
      id: uuidFrom(`${campaign.id}:${purpose}`, DISPATCHES),
      campaignId: campaign.id,
      purpose,
      sharedValues,
      dueAt: step.due_at,
      expiresAt: step.expires_at,
    };
    const newcomers: (readonly string[])[] = [];
    const messages = messagesOf(audience.recipients(), (recipient) => {
      const mail = this.messageOf(recipient, window, outstanding);
      if (mail && !audience.isApproved(recipient)) {
        newcomers.push(mail.organisationCodes);
        return undefined;
      }
      if (!mail || campaign.kind !== 'cascade-request') return mail;
      const links = { ...sharedValues.links, acknowledge: this.answerLink(campaign, recipient, window) };
      return { ...mail, values: { ...mail.values, links } };
    });
    const { planned } = await this.ledger.plan(dispatch, messages, trx);
    return { planned, newcomers: newcomers.length, organisations: [...new Set(newcomers.flat())].sort() };
  }

  private messageOf(
    recipient: PlannedRecipient,
    window: DeclarationWindow,
    outstandingOf: (obligations: readonly Obligation[]) => OutstandingWork,
  ): NewMessage | undefined {
    const { address, template, values, obligations } = recipient;
    if (address === null || template === null || values === null) return undefined;
    const outstanding = obligations && outstandingOf(obligations);
    if (outstanding?.practices.length === 0) return undefined;
    return {
      personKey: recipient.personKey,
      topic: recipient.topic,
      accountIds: recipient.accountIds,
      organisationCodes: outstanding ? outstanding.organisationCodes : recipient.organisationCodes,
      route: 'direct',
      segment: recipient.segment,
      address,
      template,
      templateVersion: this.templates.get(template).version,
      values: outstanding ? { ...values, practices: outstanding.practices } : values,
      guard: outstanding ? { windowId: window.id, ...outstanding.guard } : null,
    };
  }

  /** Where the organisation that a cascade request is about says what became of it. The same for all its people. */
  private answerLink(campaign: CampaignRow, recipient: PlannedRecipient, window: DeclarationWindow): string {
    const path = organisationLinkPath(
      {
        purpose: 'answer',
        cascadeId: campaign.id,
        organisation: recipient.topic,
        generation: FIRST_GENERATION,
        expiresAt: linksExpireAt(window.pcse.toInstant()),
      },
      this.config.secret,
    );
    return new URL(path, publicUrlOf(this.config)).href;
  }
}

/** One by one: a campaign of a million people is never held in memory. */
async function* messagesOf(
  recipients: AsyncIterable<PlannedRecipient>,
  messageOf: (recipient: PlannedRecipient) => NewMessage | undefined,
): AsyncGenerator<NewMessage> {
  for await (const recipient of recipients) {
    const message = messageOf(recipient);
    if (message) yield message;
  }
}
