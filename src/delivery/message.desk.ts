import { Injectable } from '@nestjs/common';
import { type Kysely } from 'kysely';
import { AuditTrail, type Principal } from '../access/index.js';
import { DirectoryService } from '../directory/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { NotFoundError } from '../shared/errors.js';
import { type DeliveryTables } from './delivery.tables.js';
import { type Place } from './ledger.repository.js';
import { Ledger } from './ledger.service.js';
import { type MessageView } from './ledger.types.js';

/** What a person says became of a message that may or may not have arrived; `released` sends it (again). */
export type UnknownOutcome = 'accepted' | 'failed' | 'released';

/** The ledger as far as somebody may see it, and what they decide there, each decision in the audit trail. */
@Injectable()
export class MessageDesk {
  constructor(
    @InjectDatabase() private readonly db: Kysely<DeliveryTables>,
    private readonly ledger: Ledger,
    private readonly directory: DirectoryService,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws NotFoundError `no-such-message`, also for a message to another region than the principal's. */
  async message(id: string, principal: Principal): Promise<MessageView> {
    return this.visible(await this.ledger.message(id), principal);
  }

  /** The message itself. @throws NotFoundError `no-such-message` when it is to another region than the principal's. */
  async visible(message: MessageView, principal: Principal): Promise<MessageView> {
    if ((await this.within(principal, [message])).length > 0) return message;
    throw new NotFoundError('no-such-message', `There is no message ${message.id}`);
  }

  /** Messages that may or may not have arrived; those that have waited longest first. */
  async unknowns(principal: Principal, limit?: number, after?: Place): Promise<MessageView[]> {
    if (principal.region === undefined) return this.ledger.unknowns({ ...(limit !== undefined && { limit }), after });
    return (await this.within(principal, await this.ledger.unknowns({ after }))).slice(0, limit);
  }

  async unknownCount(principal: Principal): Promise<number> {
    if (principal.region === undefined) return this.ledger.unknownCount();
    return (await this.unknowns(principal)).length;
  }

  /** @throws ConflictError `not-unknown`, NotFoundError `no-such-message`. */
  async decide(id: string, outcome: UnknownOutcome, principal: Principal): Promise<void> {
    await this.message(id, principal);
    const entry = { actor: principal.id, action: 'message.decided', subject: `message:${id}`, details: { outcome } };
    await this.db.transaction().execute(async (trx) => {
      if (outcome === 'released') await this.ledger.releaseUnknown(id, principal.id, trx);
      else await this.ledger.decideUnknown(id, outcome, principal.id, trx);
      await this.audit.record(entry, trx);
    });
  }

  /** Those to some organisation of the region that the principal is confined to. */
  private async within({ region }: Principal, messages: readonly MessageView[]): Promise<MessageView[]> {
    if (region === undefined) return [...messages];
    const regions = await this.directory.regionsOf(messages.flatMap(({ organisationCodes }) => organisationCodes));
    return messages.filter(({ organisationCodes }) => organisationCodes.some((code) => regions.get(code) === region));
  }
}
