import { type Permission } from '../access/index.js';

/** Where a campaign stands. The order is that of its life. */
export const CAMPAIGN_STATES = [
  'draft',
  'in-review',
  'approved',
  'scheduled',
  'sending',
  'paused',
  'finished',
  'cancelled',
] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

export const CAMPAIGN_ACTIONS = [
  'edit',
  'submit',
  'approve',
  'send-back',
  'void-approval',
  'schedule',
  'release',
  'launch',
  'pause',
  'resume',
  'finish',
  'cancel',
] as const;
export type CampaignAction = (typeof CAMPAIGN_ACTIONS)[number];

interface Transition {
  readonly from: readonly CampaignState[];
  /** Undefined: the state stays. */
  readonly to?: CampaignState;
  readonly permission: Permission;
  /** The action in a sentence: "cannot be … while it is …". */
  readonly verb: string;
}

/** Every change a campaign can go through, who may make it, and from where. What is not here cannot happen. */
export const TRANSITIONS: Readonly<Record<CampaignAction, Transition>> = {
  edit: {
    from: ['draft', 'in-review', 'approved', 'scheduled'],
    to: 'draft',
    permission: 'campaign:write',
    verb: 'edited',
  },
  submit: { from: ['draft'], to: 'in-review', permission: 'campaign:write', verb: 'submitted' },
  approve: { from: ['in-review'], to: 'approved', permission: 'campaign:approve', verb: 'approved' },
  'send-back': { from: ['in-review'], to: 'draft', permission: 'campaign:approve', verb: 'sent back' },
  'void-approval': {
    from: ['approved', 'scheduled', 'sending', 'paused'],
    to: 'draft',
    permission: 'campaign:operate',
    verb: 'returned to draft',
  },
  schedule: { from: ['approved'], to: 'scheduled', permission: 'campaign:operate', verb: 'scheduled' },
  release: { from: ['approved', 'scheduled'], permission: 'campaign:operate', verb: 'released' },
  launch: { from: ['scheduled'], to: 'sending', permission: 'campaign:operate', verb: 'launched' },
  pause: { from: ['sending'], to: 'paused', permission: 'campaign:operate', verb: 'paused' },
  resume: { from: ['paused'], to: 'sending', permission: 'campaign:operate', verb: 'resumed' },
  finish: { from: ['sending'], to: 'finished', permission: 'campaign:operate', verb: 'finished' },
  cancel: {
    from: ['draft', 'in-review', 'approved', 'scheduled', 'sending', 'paused'],
    to: 'cancelled',
    permission: 'campaign:operate',
    verb: 'cancelled',
  },
};

/** Nothing happens to it any more. */
export const isOver = (state: CampaignState): boolean => state === 'finished' || state === 'cancelled';

/** The state after the action, or undefined when the action is not possible in this state. */
export function nextState(state: CampaignState, action: CampaignAction): CampaignState | undefined {
  const transition = TRANSITIONS[action];
  return transition.from.includes(state) ? (transition.to ?? state) : undefined;
}
