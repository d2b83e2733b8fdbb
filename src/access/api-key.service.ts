import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Clock } from '../shared/clock.js';
import { ForbiddenError, NotFoundError } from '../shared/errors.js';
import { LondonTime } from '../shared/london-time.js';
import { newKeyText, parseKeyText } from './api-key.rules.js';
import { ApiKeyRepository, type ApiKeyRow } from './api-key.repository.js';
import { type ApiKey, type CreatedApiKey, type NewApiKey } from './api-key.schema.js';
import { AuditTrail } from './audit-trail.js';
import { KeyMakers } from './key-makers.js';
import { type Principal, requireRegion } from './principal.js';
import { hashSecret, sameHash } from './secret-token.rules.js';

const DAY_MS = 86_400_000;
const NO_HASH = '0'.repeat(64);

/** Keys with which programs call the API. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly makers: KeyMakers,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** Throws ForbiddenError when the key would allow more than its maker may do, or reach into another region. */
  async create(wanted: NewApiKey, maker: Principal): Promise<CreatedApiKey> {
    const beyond = wanted.permissions.filter((permission) => !maker.permissions.includes(permission));
    if (beyond.length > 0) {
      throw new ForbiddenError('beyond-own-permissions', `You cannot give what you may not do: ${beyond.join(', ')}`);
    }
    requireRegion(maker, wanted.region);
    const now = this.clock.now();
    const { prefix, secret, text } = newKeyText();
    const row: ApiKeyRow = {
      id: uuid(),
      prefix,
      secret_hash: hashSecret(secret),
      name: wanted.name,
      permissions: [...new Set(wanted.permissions)],
      region: wanted.region ?? null,
      created_by: maker.id,
      created_at: now,
      expires_at: new Date(now.getTime() + wanted.expiresInDays * DAY_MS),
      revoked_at: null,
      last_used_on: null,
    };
    await this.keys.db.transaction().execute(async (trx) => {
      await this.keys.insert(row, trx);
      const details = { permissions: row.permissions, region: row.region, expiresAt: row.expires_at.toISOString() };
      await this.audit.record({ actor: maker.id, action: 'api-key.created', subject: `key:${prefix}`, details }, trx);
    });
    return { ...shown(row), key: text };
  }

  /** One more than `limit`, newest first, of the keys that `viewer` may see. */
  async list(viewer: Principal, before: string | undefined, limit: number): Promise<ApiKey[]> {
    return (await this.keys.page(viewer.region, before, limit + 1)).map(shown);
  }

  /** From the next request on the key opens nothing. Revoking it again changes nothing. */
  async revoke(id: string, by: Principal): Promise<void> {
    await this.keys.db.transaction().execute(async (trx) => {
      const row = await this.keys.lock(id, by.region, trx);
      if (!row) throw new NotFoundError('no-such-api-key', `There is no API key ${id}`);
      if (row.revoked_at) return;
      await this.keys.revoke(id, this.clock.now(), trx);
      const subject = `key:${row.prefix}`;
      await this.audit.record({ actor: by.id, action: 'api-key.revoked', subject, details: {} }, trx);
    });
  }

  /** Whose key this is; undefined when it is none of ours, expired or revoked. */
  async recognise(text: string): Promise<Principal | undefined> {
    const parts = parseKeyText(text);
    if (!parts) return undefined;
    const row = await this.keys.byPrefix(parts.prefix);
    // Hashed and compared for an unknown prefix too, so that both take the same time.
    const secretFits = sameHash(hashSecret(parts.secret), row?.secret_hash ?? NO_HASH);
    const now = this.clock.now();
    if (!row || !secretFits || row.revoked_at !== null || row.expires_at <= now) return undefined;
    const today = LondonTime.fromInstant(now).date;
    if (row.last_used_on === null || row.last_used_on < today) await this.keys.usedOn(row.id, today);
    const { prefix, name, permissions, region } = row;
    const madeBy = await this.makers.behind(row.created_by);
    const confined = region !== null && { region };
    return { id: `key:${prefix}`, kind: 'key', name, roles: [], permissions, madeBy, ...confined };
  }
}

function shown(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    prefix: row.prefix,
    name: row.name,
    permissions: row.permissions,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    ...(row.region !== null && { region: row.region }),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at.toISOString() }),
    ...(row.last_used_on !== null && { lastUsedOn: row.last_used_on }),
  };
}
