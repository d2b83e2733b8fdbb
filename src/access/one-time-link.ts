import { Injectable } from '@nestjs/common';
import { type Kysely } from 'kysely';
import { Clock } from '../shared/clock.js';
import { ForbiddenError } from '../shared/errors.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { InjectDatabase } from '../platform/database/index.js';
import { hashSecret, newSecret } from './secret-token.rules.js';

interface LinkTables {
  sign_in_link: { token_hash: string; expires_at: Date };
}

const VALID_MS = 60 * 60_000;

/**
 * A sign-in link that the service prints when it starts, as notebooks do, for machines without a sign-in provider. It
 * makes whoever can read the terminal the local administrator, works once and for an hour.
 */
@Injectable()
export class OneTimeLink {
  constructor(
    @InjectDatabase() private readonly db: Kysely<LinkTables>,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** False in production, and wherever people sign in through a provider. */
  get available(): boolean {
    return this.config.oidc === undefined && this.config.environment !== 'production';
  }

  /** The path of a new link, to be printed behind the service's address. Throws ForbiddenError when unavailable. */
  async create(): Promise<string> {
    this.refuseUnlessAvailable();
    const token = newSecret();
    const now = this.clock.now();
    await this.db.deleteFrom('sign_in_link').where('expires_at', '<=', now).execute();
    await this.db
      .insertInto('sign_in_link')
      .values({ token_hash: hashSecret(token), expires_at: new Date(now.getTime() + VALID_MS) })
      .execute();
    return `/sign-in/once?token=${token}`;
  }

  /** Uses the link up. False when it was used before, has expired, or never was one. */
  async redeem(token: string): Promise<boolean> {
    this.refuseUnlessAvailable();
    const used = await this.db
      .deleteFrom('sign_in_link')
      .where('token_hash', '=', hashSecret(token))
      .where('expires_at', '>', this.clock.now())
      .returning('token_hash')
      .executeTakeFirst();
    return used !== undefined;
  }

  private refuseUnlessAvailable(): void {
    if (this.available) return;
    throw new ForbiddenError('no-one-time-links', 'Sign-in links exist only where no sign-in provider is configured');
  }
}
