import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { AuditTrail, systemPrincipal } from '../access/index.js';
import { type Config, InjectConfig, isCaptured } from '../platform/config/index.js';
import { InjectDatabase } from '../platform/database/index.js';

const SUBJECT = 'delivery:trial-mode';
const [OFF, ON] = ['delivery.trial-off', 'delivery.trial-on'];

/** Since when trial mode is off, and by whose word: as TRIAL_OFF_APPROVED_BY had it, null where nobody was named. */
export interface RealMail {
  readonly since: Date;
  readonly approvedBy: string | null;
}

/** Writes into the audit trail, once for each change, that workers were started with another trial mode, or approver. */
@Injectable()
export class TrialRecord implements OnModuleInit {
  constructor(
    @InjectDatabase() private readonly db: Kysely<unknown>,
    private readonly audit: AuditTrail,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Before anything is sent: workers begin when the application does. */
  async onModuleInit(): Promise<void> {
    if (!this.config.roles.includes('worker') || isCaptured(this.config)) return;
    const approvedBy = this.config.trialOffApprovedBy ?? null;
    await this.db.transaction().execute(async (trx) => {
      // Several workers start at once.
      await sql`select pg_advisory_xact_lock(hashtext('trial-mode'))`.execute(trx);
      const standing = await this.standing();
      const entry = { actor: systemPrincipal('worker').id, subject: SUBJECT };
      if (this.config.trialMode) {
        if (standing) await this.audit.record({ ...entry, action: ON, details: {} }, trx);
      } else if (standing?.approvedBy !== approvedBy) {
        await this.audit.record({ ...entry, action: OFF, details: { approvedBy } }, trx);
      }
    });
  }

  /** Undefined while workers write to nobody but those of the trial. */
  async standing(): Promise<RealMail | undefined> {
    const [last] = await this.audit.entries({ subject: SUBJECT, limit: 1 });
    if (last?.action !== OFF) return undefined;
    const { approvedBy } = last.details as { approvedBy: string | null };
    return { since: last.at, approvedBy };
  }
}
