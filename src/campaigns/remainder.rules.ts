import { ConflictError } from '../shared/errors.js';
import { KINDS } from './campaign.kinds.js';
import { type CampaignRow } from './campaign.repository.js';
import { isOver } from './campaign.states.js';

/**
 * Why a campaign cannot be followed by one for whoever it did not reach, or undefined when it can.
 * @param earlier the remainders that it has already.
 * @param expiresAt from when on what it says is of no use any more, exclusive; null: it stays of use.
 */
export function remainderObjection(
  { id, kind, state }: Pick<CampaignRow, 'id' | 'kind' | 'state'>,
  earlier: readonly Pick<CampaignRow, 'id' | 'state'>[],
  expiresAt: Date | null,
  now: Date,
): ConflictError | undefined {
  if (!isOver(state)) {
    return new ConflictError(
      'wrong-state',
      `Campaign ${id} is ${state}: whom it did not reach is known once it is finished or cancelled`,
    );
  }
  if (!KINDS[kind].hasRemainder) {
    return new ConflictError('no-remainder', `A ${kind} writes again by itself to whoever it did not reach`);
  }
  if (expiresAt !== null && expiresAt <= now) {
    return new ConflictError('too-late', `What campaign ${id} says has been over since ${expiresAt.toISOString()}`);
  }
  const open = earlier.find((each) => !isOver(each.state));
  if (open) {
    return new ConflictError(
      'has-remainder',
      `Campaign ${open.id} is for whoever it did not reach, and is ${open.state}`,
    );
  }
  return undefined;
}
