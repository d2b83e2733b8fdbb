import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { v5 as uuidFrom } from 'uuid';
import { DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { Ledger, type NewMessage } from '../delivery/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import { type Config, InjectConfig, publicUrlOf } from '../platform/config/index.js';
import { FIRST_GENERATION, linksExpireAt, organisationLinkPath } from '../shared/organisation-link.js';
import { AudienceRepository } from './audience.repository.js';
import { type CampaignRow, type StepRow } from './campaign.repository.js';
import { type CampaignTables } from './campaign.tables.js';
import { PlanRepository } from './plan.repository.js';
import { type Obligation, type PlannedRecipient } from './recipient.types.js';
import { type OutstandingWork, outstandingWork } from './reminder.rules.js';
import { SharedValuesService } from './shared-values.service.js';

/** Names dispatches the same way each time: a step that is dispatched twice is planned once. */
const DISPATCHES = '3d6f0a52-7c3e-5f0b-9a49-5a6f7f0c7e11';

/** Turns a due step of an approved campaign into ledger rows. */
@Injectable()
export class StepDispatcher {
  constructor(
    private readonly plans: PlanRepository,
    private readonly ledger: Ledger,
    private readonly deadlines: DeadlinesService,
    private readonly directory: AudienceRepository,
    private readonly sharedValues: SharedValuesService,
    private readonly templates: TemplateCatalogue,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Writes the step's messages in the caller's transaction, as one dispatch. Reminders go to those whose work is
   * outstanding at this moment. Returns how many were planned.
   */
  async dispatch(campaign: CampaignRow, step: StepRow, trx: Transaction<CampaignTables>): Promise<number> {
    if (campaign.approved_plan_id === null) throw new Error(`Campaign ${campaign.id} has no approved plan`);
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
    const messages = this.messages(campaign.approved_plan_id, (recipient) => {
      const mail = this.messageOf(recipient, window, outstanding);
      if (!mail || campaign.kind !== 'cascade-request') return mail;
      const links = { ...sharedValues.links, acknowledge: this.answerLink(campaign, recipient, window) };
      return { ...mail, values: { ...mail.values, links } };
    });
    return (await this.ledger.plan(dispatch, messages, trx)).planned;
  }

  /** One by one: a campaign of a million people is never held in memory. */
  private async *messages(
    planId: string,
    messageOf: (recipient: PlannedRecipient) => NewMessage | undefined,
  ): AsyncGenerator<NewMessage> {
    for await (const recipient of this.plans.planned(planId, 'mailed')) {
      const message = messageOf(recipient);
      if (message) yield message;
    }
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
