import { PERMISSIONS, ROLE_PERMISSIONS } from '../access/index.js';
import {
  CAMPAIGN_ACTIONS,
  CAMPAIGN_STATES,
  type CampaignAction,
  type CampaignState,
  nextState,
  TRANSITIONS,
} from './campaign.states.js';

/** The whole machine, written down a second time by hand. Everything that is not here must be refused. */
const ALLOWED: readonly [CampaignState, CampaignAction, CampaignState][] = [
  ['draft', 'edit', 'draft'],
  ['in-review', 'edit', 'draft'],
  ['approved', 'edit', 'draft'],
  ['scheduled', 'edit', 'draft'],
  ['draft', 'submit', 'in-review'],
  ['in-review', 'approve', 'approved'],
  ['in-review', 'send-back', 'draft'],
  ['approved', 'void-approval', 'draft'],
  ['scheduled', 'void-approval', 'draft'],
  ['sending', 'void-approval', 'draft'],
  ['paused', 'void-approval', 'draft'],
  ['approved', 'schedule', 'scheduled'],
  ['approved', 'release', 'approved'],
  ['scheduled', 'release', 'scheduled'],
  ['scheduled', 'launch', 'sending'],
  ['sending', 'pause', 'paused'],
  ['paused', 'resume', 'sending'],
  ['sending', 'finish', 'finished'],
  ['draft', 'cancel', 'cancelled'],
  ['in-review', 'cancel', 'cancelled'],
  ['approved', 'cancel', 'cancelled'],
  ['scheduled', 'cancel', 'cancelled'],
  ['sending', 'cancel', 'cancelled'],
  ['paused', 'cancel', 'cancelled'],
];

describe('the life of a campaign', () => {
  it.each(CAMPAIGN_STATES.flatMap((state) => CAMPAIGN_ACTIONS.map((action) => [state, action] as const)))(
    '%s, %s',
    (state, action) => {
      const allowed = ALLOWED.find(([from, by]) => from === state && by === action);
      expect(nextState(state, action)).toBe(allowed?.[2]);
    },
  );

  it('ends in finished and cancelled', () => {
    for (const action of CAMPAIGN_ACTIONS) {
      expect(nextState('finished', action)).toBeUndefined();
      expect(nextState('cancelled', action)).toBeUndefined();
    }
  });

  it('never leads to sending except through an approval', () => {
    const before = (to: CampaignState): Set<CampaignState> =>
      new Set(ALLOWED.filter(([from, , next]) => next === to && from !== to).map(([from]) => from));
    expect(before('sending')).toEqual(new Set(['scheduled', 'paused']));
    expect(before('paused')).toEqual(new Set(['sending']));
    expect(before('scheduled')).toEqual(new Set(['approved']));
    expect(before('approved')).toEqual(new Set(['in-review']));
  });

  it('asks for a permission that exists, and lets no author approve', () => {
    for (const { permission } of Object.values(TRANSITIONS)) expect(Object.keys(PERMISSIONS)).toContain(permission);
    expect(ROLE_PERMISSIONS.author).not.toContain(TRANSITIONS.approve.permission);
  });
});
