import { Injectable } from '@nestjs/common';
import { type Kysely } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type PersonRow, type PersonTables } from './person.repository.js';

interface SessionTables extends PersonTables {
  session: {
    id_hash: string;
    person_id: string;
    address: string | null;
    created_at: Date;
    last_seen_at: Date;
    expires_at: Date;
  };
}
export type SessionRow = SessionTables['session'];
export type LiveSession = Pick<SessionRow, 'last_seen_at' | 'address'> &
  Pick<PersonRow, 'id' | 'display_name' | 'roles' | 'region'>;

@Injectable()
export class SessionRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<SessionTables>) {}

  async insert(row: SessionRow): Promise<void> {
    await this.db.insertInto('session').values(row).execute();
  }

  /** The session with its person as they are now, so that a role or access taken away is gone with the next request. */
  async live(idHash: string, now: Date, idleSince: Date): Promise<LiveSession | undefined> {
    return this.db
      .selectFrom('session')
      .innerJoin('person', 'person.id', 'session.person_id')
      .select(['session.last_seen_at', 'session.address'])
      .select(['person.id', 'person.display_name', 'person.roles', 'person.region'])
      .where('session.id_hash', '=', idHash)
      .where('person.deactivated_at', 'is', null)
      .where('session.expires_at', '>', now)
      .where('session.last_seen_at', '>', idleSince)
      .executeTakeFirst();
  }

  async seen(idHash: string, at: Date): Promise<void> {
    await this.db.updateTable('session').set({ last_seen_at: at }).where('id_hash', '=', idHash).execute();
  }

  async remove(idHash: string): Promise<void> {
    await this.db.deleteFrom('session').where('id_hash', '=', idHash).execute();
  }

  async removeEnded(now: Date, idleSince: Date): Promise<void> {
    await this.db
      .deleteFrom('session')
      .where((eb) => eb.or([eb('expires_at', '<=', now), eb('last_seen_at', '<=', idleSince)]))
      .execute();
  }
}
