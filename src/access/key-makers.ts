import { Injectable, Module } from '@nestjs/common';
import { ApiKeyRepository } from './api-key.repository.js';

const KEY_ID = /^key:(?<prefix>[0-9a-f]{12})$/;

/** Who answers for what a key does. */
@Injectable()
export class KeyMakers {
  constructor(private readonly keys: ApiKeyRepository) {}

  /** The id of the person behind that of a key, as a key may have made it, and another that one; any other id as it is. */
  async behind(id: string): Promise<string> {
    const prefix = KEY_ID.exec(id)?.groups?.['prefix'];
    const key = prefix === undefined ? undefined : await this.keys.byPrefix(prefix);
    return key ? this.behind(key.created_by) : id;
  }
}

@Module({ providers: [ApiKeyRepository, KeyMakers], exports: [ApiKeyRepository, KeyMakers] })
export class KeyMakersModule {}
