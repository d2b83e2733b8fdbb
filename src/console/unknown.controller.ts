import { Body, Get, Post, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { RequirePermission } from '../access/index.js';
import { MessageDesk, type MessageView } from '../delivery/index.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, NO_FAULTS, refusalOf } from './form.faults.js';
import { messageReason } from './message.words.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';
import { SendingReads } from './sending.reads.js';

/** A worker that is killed leaves two hundred at most: one look at all that it had in hand. */
const PAGE = 200;
const OUTCOMES = ['accepted', 'failed', 'released'] as const;

const ids = z.preprocess((given) => [given ?? []].flat(), z.array(z.uuid()).max(PAGE));
const choiceSchema = z
  .object({
    which: z.enum(['all', 'selected']).optional().catch(undefined),
    listed: ids,
    selected: ids,
    outcome: z.enum(OUTCOMES).optional().catch(undefined),
  })
  .prefault({ listed: [], selected: [] });
const decisionSchema = z.object({ selected: ids, outcome: z.enum(OUTCOMES) });
type Choice = z.infer<typeof choiceSchema>;
const NOTHING_CHOSEN: Choice = { listed: [], selected: [] };

/** Messages that may or may not have arrived: a list to choose from, a page that says what follows, and the button. */
@ConsoleController('delivery/unknown')
@RequirePermission('message:read')
export class UnknownController {
  constructor(
    private readonly desk: MessageDesk,
    private readonly sending: SendingReads,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(@Done() notice: string | undefined, @PageFrame() frame: Frame): Promise<string> {
    return this.listPage(frame, { notice });
  }

  @Post('check')
  @RequirePermission('campaign:operate')
  async check(
    @Body({ schema: choiceSchema }) choice: Choice,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const chosen = new Set(choice.which === 'all' ? choice.listed : choice.selected);
    const faults = faultsOfChoice(choice, chosen.size);
    const messages = (await this.desk.unknowns(frame.principal)).filter(({ id }) => chosen.has(id));
    if (faults.list.length > 0) {
      await this.refuse(response, frame, faults, choice);
      return;
    }
    if (messages.length === 0) {
      await this.refuse(response, frame, faultsOf([{ field: '', message: 'Somebody else has decided about these' }]));
      return;
    }
    const values = {
      title: 'Check what you decide',
      section: 'delivery',
      messages,
      people: new Set(messages.map(({ personKey }) => personKey)).size,
      outcome: choice.outcome,
      campaigns: await this.campaignsOf(messages),
    };
    response.type('html').send(this.pages.render('unknown-check', values, frame));
  }

  @Post()
  @RequirePermission('campaign:operate')
  async decide(
    @Body({ schema: decisionSchema }) { selected, outcome }: z.infer<typeof decisionSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    let missed = 0;
    for (const id of selected) {
      if (await refusalOf(() => this.desk.decide(id, outcome, frame.principal))) missed += 1;
    }
    if (missed === 0) {
      response.redirect(303, `/delivery/unknown?done=${outcome === 'released' ? 'released-again' : 'decided'}`);
      return;
    }
    const message = `${missed} of ${selected.length} had been decided already, and stay as they were decided`;
    await this.refuse(response, frame, faultsOf([{ field: '', message }]));
  }

  private async refuse(response: Response, frame: Frame, faults: FormFaults, choice = NOTHING_CHOSEN): Promise<void> {
    const page = await this.listPage(frame, { faults, choice });
    sendFaults(response, page);
  }

  private async listPage(
    frame: Frame,
    {
      faults = NO_FAULTS,
      notice,
      choice = NOTHING_CHOSEN,
    }: { notice?: string | undefined; faults?: FormFaults; choice?: Choice },
  ): Promise<string> {
    const messages = await this.desk.unknowns(frame.principal, PAGE);
    const campaigns = await this.campaignsOf(messages);
    const values = {
      title: 'Messages that may or may not have arrived',
      section: 'delivery',
      faults,
      notice,
      choice,
      total: messages.length < PAGE ? messages.length : await this.desk.unknownCount(frame.principal),
      messages: messages.map((message) => ({
        ...message,
        why: message.reason && messageReason(message.reason),
        campaign: campaigns.get(`campaign:${message.campaignId}`),
      })),
    };
    return this.pages.render('unknown', values, frame);
  }

  /** Their names, by `campaign:<id>`; a test belongs to none. */
  private async campaignsOf(messages: readonly MessageView[]): Promise<Map<string, string>> {
    return this.sending.campaignNames([...new Set(messages.map(({ campaignId }) => `campaign:${campaignId}`))]);
  }
}

function faultsOfChoice({ which, outcome }: Choice, chosen: number): FormFaults {
  const faults = [];
  if (outcome === undefined) faults.push({ field: 'outcome', message: 'Select what became of them' });
  if (which === undefined) faults.push({ field: 'which', message: 'Select which messages you decide about' });
  else if (chosen === 0) faults.push({ field: 'messages', message: 'Select at least one message in the list' });
  return faultsOf(faults);
}
