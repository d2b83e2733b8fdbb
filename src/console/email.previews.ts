import { Injectable } from '@nestjs/common';
import { type CampaignRow, type Plan, SharedValuesService } from '../campaigns/index.js';
import { DeadlinesService, type DeclarationWindow } from '../deadlines/index.js';
import { type MessageView } from '../delivery/index.js';
import { type RenderedMessage, TemplateCatalogue } from '../rendering/index.js';
import { PlanReads, type PlannedEmail } from './plan.reads.js';
import { SendingReads } from './sending.reads.js';

export interface Preview extends RenderedMessage {
  readonly template: string;
  /** Values that are known only when the email leaves: the preview shows those of the template's example. */
  readonly examples: readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

/** Emails as their recipients see them: the ones that a plan would send, and the ones that were sent. */
@Injectable()
export class EmailPreviews {
  constructor(
    private readonly plans: PlanReads,
    private readonly deadlines: DeadlinesService,
    private readonly sending: SendingReads,
    private readonly templates: TemplateCatalogue,
    private readonly shared: SharedValuesService,
  ) {}

  /** @throws InvalidInputError `missing-values`. */
  async planned(campaign: CampaignRow, email: PlannedEmail): Promise<Preview> {
    const { values, examples } = await this.valuesOf(campaign, email);
    return { ...this.templates.get(email.template).render(values), template: email.template, examples };
  }

  /** One email for each template of the plan. */
  async oneOfEach(campaign: CampaignRow, { id, summary }: Plan): Promise<(Preview & { email: PlannedEmail })[]> {
    const emails = await this.plans.oneOfEach(id, Object.keys(summary.byTemplate));
    return Promise.all(emails.map(async (email) => ({ ...(await this.planned(campaign, email)), email })));
  }

  /** The values with which a planned email renders, and which of them are examples. */
  async valuesOf(campaign: CampaignRow, email: PlannedEmail): Promise<{ values: Values; examples: string[] }> {
    const template = this.templates.get(email.template);
    const window = await this.deadlines.window(campaign.window_id);
    const known = { ...(await this.sharedValues(campaign, window)), ...email.values };
    const missing = template.problems(known).filter(({ problem }) => problem === 'missing');
    const examples = missing.map(({ path }) => path);
    return { values: examples.reduce((values, path) => withExample(values, template.sample, path), known), examples };
  }

  /**
   * What was sent, rendered again from what the ledger kept. Undefined once it was redacted, or when the template is
   * another by now and would say something else.
   */
  async sent(message: MessageView): Promise<RenderedMessage | undefined> {
    if (message.values === null) return undefined;
    const template = this.templates.get(message.template);
    if (template.version !== message.templateVersion) return undefined;
    return template.render({ ...(await this.sending.sharedValues(message.dispatchId)), ...message.values });
  }

  /** As a dispatch of the campaign gives them to all its messages. */
  private async sharedValues(campaign: CampaignRow, window: DeclarationWindow): Promise<Values> {
    const shared = this.shared.of(campaign, window);
    const moved = campaign.kind === 'correction' ? (await this.deadlines.history(window.id)).at(-1)?.before : undefined;
    if (!moved) return shared;
    const { cutoff, reopening, pcse } = moved;
    return { ...shared, previousWindow: { cutoff, reopening: reopening.slice(0, 10), pcse: pcse.slice(0, 10) } };
  }
}

/** The values with one that is missing taken from the example, at the same place (`links.acknowledge`). */
function withExample(values: Values, example: Values, path: string): Values {
  const [name = '', ...rest] = path.split('.');
  const inner = values[name];
  const from = example[name];
  if (rest.length === 0 || !isRecord(inner) || !isRecord(from)) return { ...values, [name]: from };
  return { ...values, [name]: withExample(inner, from, rest.join('.')) };
}

function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
