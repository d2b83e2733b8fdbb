import { Body, Param, Post, Req, Res } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { type Principal, RequirePermission } from '../access/index.js';
import { CampaignService } from '../campaigns/index.js';
import { ForbiddenError } from '../shared/errors.js';
import { permissionOf } from './campaign.actions.js';
import { CampaignView } from './campaign.view.js';
import { ConsoleController, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, refusalOf } from './form.faults.js';
import { type Notice } from './notices.js';
import { type Frame, Pages } from './pages.js';

const idSchema = z.uuid();
/** Buttons send what their action needs: the hash that was looked at, or the words that go with it. */
const pressedSchema = z
  .object({ hash: z.string().max(100).default(''), comment: z.string().max(500).default('') })
  .prefault({});

interface Pressed extends z.infer<typeof pressedSchema> {
  readonly id: string;
  readonly principal: Principal;
}

interface Button {
  /** What the page says when it is done. */
  readonly done: Notice;
  readonly work: (campaigns: CampaignService, pressed: Pressed) => Promise<unknown>;
  /** Where words are missing: the field, and what to say beside it. */
  readonly words?: { readonly field: string; readonly message: string };
}

const BUTTONS = {
  plan: {
    done: 'planned',
    async work(campaigns, { id, principal }) {
      await campaigns.visible(id, principal);
      await campaigns.plan(id);
    },
  },
  submit: { done: 'submitted', work: (campaigns, { id, principal }) => campaigns.submit(id, principal) },
  approve: { done: 'approved', work: (campaigns, { id, hash, principal }) => campaigns.approve(id, hash, principal) },
  'send-back': {
    done: 'sent-back',
    work: (campaigns, { id, comment, principal }) => campaigns.sendBack(id, comment, principal),
    words: { field: 'comment', message: 'Enter what has to change' },
  },
  schedule: { done: 'scheduled', work: (campaigns, { id, principal }) => campaigns.schedule(id, principal) },
  release: { done: 'released', work: (campaigns, { id, principal }) => campaigns.release(id, principal) },
  pause: { done: 'paused', work: (campaigns, { id, principal }) => campaigns.pause(id, principal) },
  resume: { done: 'resumed', work: (campaigns, { id, principal }) => campaigns.resume(id, principal) },
  cancel: {
    done: 'cancelled',
    work: (campaigns, { id, comment, principal }) => campaigns.cancel(id, comment, principal),
    words: { field: 'cancel-reason', message: 'Enter why the campaign is cancelled' },
  },
} as const satisfies Readonly<Record<string, Button>>;
type ButtonName = keyof typeof BUTTONS;
const NAMES = Object.keys(BUTTONS) as ButtonName[];

/** The buttons on the page of a campaign. */
@ConsoleController('campaigns')
@RequirePermission('campaign:read')
export class CampaignActionsController {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly view: CampaignView,
    private readonly pages: Pages,
  ) {}

  @Post(NAMES.map((name) => `:id/${name}`))
  async press(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: pressedSchema }) { hash, comment: typed }: z.infer<typeof pressedSchema>,
    @PageFrame() frame: Frame,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const name = NAMES.find((each) => request.path.endsWith(`/${each}`)) as ButtonName;
    const permission = permissionOf(name);
    if (!frame.principal.permissions.includes(permission)) {
      throw new ForbiddenError('permission-missing', `This needs the permission ${permission}, which you do not have.`);
    }
    const { done, work, words }: Button = BUTTONS[name];
    const comment = typed.trim();
    const faults =
      words && comment === ''
        ? faultsOf([words])
        : await refusalOf(() => work(this.campaigns, { id, principal: frame.principal, hash, comment }));
    if (faults) await this.again(response, id, frame, faults);
    else response.redirect(303, `/campaigns/${id}?done=${done}`);
  }

  private async again(response: Response, id: string, frame: Frame, faults: FormFaults): Promise<void> {
    const view = await this.view.of(id, frame.principal);
    const values = { title: view.campaign.name, section: 'campaigns', faults, ...view };
    sendFaults(response, this.pages.render('campaign', values, frame));
  }
}
