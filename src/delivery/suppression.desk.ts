import { Injectable } from '@nestjs/common';
import { type Kysely, type Transaction } from 'kysely';
import { AuditTrail, type Json, type Principal } from '../access/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { type DeliveryTables } from './delivery.tables.js';
import { addressHash } from './message.identity.js';
import { type NewSuppression, SuppressionList } from './suppression.list.js';

/** What people and programs decide about addresses, each decision in the audit trail, which never names the address. */
@Injectable()
export class SuppressionDesk {
  constructor(
    @InjectDatabase() private readonly db: Kysely<DeliveryTables>,
    private readonly list: SuppressionList,
    private readonly audit: AuditTrail,
    @InjectConfig() private readonly config: Config,
  ) {}

  async add({ address, reason, expiresAt }: Omit<NewSuppression, 'source'>, { id }: Principal): Promise<void> {
    await this.db.transaction().execute(async (trx) => {
      await this.list.add({ address, reason, expiresAt, source: id }, trx);
      await this.record('suppression.added', address, id, { reason }, trx);
    });
  }

  /** Every suppression of the address. @returns false, and leaves no entry, when none held. */
  async lift(address: string, { id }: Principal): Promise<boolean> {
    return this.db.transaction().execute(async (trx) => {
      const lifted = await this.list.lift(address, id, trx);
      if (lifted.length > 0) await this.record('suppression.lifted', address, id, { lifted }, trx);
      return lifted.length > 0;
    });
  }

  private async record(
    action: string,
    address: string,
    actor: string,
    details: Record<string, Json>,
    trx: Transaction<DeliveryTables>,
  ): Promise<void> {
    const subject = `address:${addressHash(address, this.config.secret)}`;
    await this.audit.record({ actor, action, subject, details }, trx);
  }
}
