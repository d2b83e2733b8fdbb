import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { Clock } from '../shared/clock.js';
import { SuppressionRepository } from './suppression.repository.js';

export interface NewSuppression {
  /** Any spelling: capitals do not matter. */
  readonly address: string;
  /** Stable and short, as `hard-bounce` or `mailbox-full`; holds no address. */
  readonly reason: string;
  /** Where it was learned: a person, a key, or the first of the reports. */
  readonly source: string;
  /** The first instant at which the address may be written to again; null until somebody lifts it. */
  readonly expiresAt: Date | null;
}

export interface Suppression extends NewSuppression {
  readonly createdAt: Date;
  readonly liftedAt: Date | null;
  readonly liftedBy: string | null;
}

/** Addresses that are not written to, each with its reason and, mostly, an end. Never a person: a new address starts clean. */
@Injectable()
export class SuppressionList {
  constructor(
    private readonly repository: SuppressionRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * An address is held once for each reason and source, all reports (`report:<id>`) being one source: what is added
   * again, while it holds, can only make it hold longer. In the caller's transaction when one is given.
   */
  async add<Tables>({ address, reason, source, expiresAt }: NewSuppression, trx?: Transaction<Tables>): Promise<void> {
    const row = { address: normalise(address), reason, source, created_at: this.clock.now(), expires_at: expiresAt };
    await this.repository.add(row, trx);
  }

  /**
   * Lifts every suppression of the address; in the caller's transaction when one is given.
   * @returns the sources of those that held until now: none for whoever is second.
   */
  async lift<Tables>(address: string, actor: string, trx?: Transaction<Tables>): Promise<string[]> {
    return this.repository.lift(normalise(address), actor, this.clock.now(), trx);
  }

  /** Which of the addresses, or of all that there are, may not be written to now: normalised address -> reason. */
  async suppressed(addresses: readonly string[] | 'all'): Promise<Map<string, string>> {
    const asked = addresses === 'all' ? addresses : addresses.map(normalise);
    const rows = await this.repository.active(asked, this.clock.now());
    return new Map(rows.map(({ address, reason }) => [address, reason]));
  }

  async isSuppressed(address: string): Promise<boolean> {
    return (await this.suppressed([address])).size > 0;
  }

  /** All that was ever known about an address, oldest first, what was lifted or has faded included. */
  async history(address: string): Promise<Suppression[]> {
    const rows = await this.repository.history(normalise(address));
    return rows.map((row) => ({
      address: row.address,
      reason: row.reason,
      source: row.source,
      expiresAt: row.expires_at,
      createdAt: row.created_at,
      liftedAt: row.lifted_at,
      liftedBy: row.lifted_by,
    }));
  }
}

/** The form in which addresses are compared. */
export function normalise(address: string): string {
  return address.trim().toLowerCase();
}
