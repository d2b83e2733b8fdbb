import { createHmac } from 'node:crypto';
import { v5 } from 'uuid';

/**
 * The id of the one message to a person for a purpose of a campaign (UUID version 5 in the campaign's namespace):
 * whoever computes it gets the same, so that planning again cannot make a second one.
 */
export function messageIdOf(campaignId: string, personKey: string, purpose: string): string {
  return v5(JSON.stringify([personKey, purpose]), campaignId);
}

/** Keyed, as a plain hash of an address is undone by guessing. Hex. */
export function addressHash(address: string, secret: string): string {
  return createHmac('sha256', secret).update(`address:${address.toLowerCase()}`).digest('hex');
}
