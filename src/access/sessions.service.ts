import { Injectable } from '@nestjs/common';
import { Clock } from '../shared/clock.js';
import { permissionsOf } from './permission.rules.js';
import { type Principal } from './principal.js';
import { hashSecret, newSecret } from './secret-token.rules.js';
import { type LiveSession, SessionRepository } from './session.repository.js';

const MINUTE_MS = 60_000;
/** Somebody who leaves their desk is signed out after an hour, and everybody after a working day. */
const IDLE_MS = 60 * MINUTE_MS;
const LONGEST_MS = 12 * 60 * MINUTE_MS;

/** Signed-in browsers. */
@Injectable()
export class Sessions {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts a session and returns its id, the secret that the cookie holds and the database does not. `address` is the
   * person's, verified by the sign-in provider.
   */
  async start(personId: string, address?: string): Promise<string> {
    const id = newSecret();
    const now = this.clock.now();
    await this.sessions.removeEnded(now, new Date(now.getTime() - IDLE_MS));
    await this.sessions.insert({
      id_hash: hashSecret(id),
      person_id: personId,
      address: address ?? null,
      created_at: now,
      last_seen_at: now,
      expires_at: new Date(now.getTime() + LONGEST_MS),
    });
    return id;
  }

  /** Whose session this is; undefined when it has ended or never was. */
  async recognise(id: string): Promise<Principal | undefined> {
    const now = this.clock.now();
    const idHash = hashSecret(id);
    const session = await this.sessions.live(idHash, now, new Date(now.getTime() - IDLE_MS));
    if (!session) return undefined;
    if (now.getTime() - session.last_seen_at.getTime() > MINUTE_MS) await this.sessions.seen(idHash, now);
    return principalOf(session);
  }

  async end(id: string): Promise<void> {
    await this.sessions.remove(hashSecret(id));
  }
}

function principalOf({ id, display_name: name, roles, region, address }: LiveSession): Principal {
  return {
    id: `person:${id}`,
    kind: 'person',
    name,
    roles,
    permissions: permissionsOf(roles),
    ...(region !== null && { region }),
    ...(address !== null && { address }),
  };
}
