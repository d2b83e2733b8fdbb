import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../shared/errors.js';
import {
  type Account,
  type DirectoryCounts,
  DirectoryRepository,
  type ImportBatch,
  type Organisation,
  type OrganisationChange,
} from './directory.repository.js';

const PAGE = 2_000;

/** Reads the directory as the last imports left it. */
@Injectable()
export class DirectoryService {
  constructor(private readonly repository: DirectoryRepository) {}

  /** @throws NotFoundError `organisation-unknown` when no file has named it. */
  async organisation(code: string): Promise<Organisation> {
    const organisation = await this.repository.organisation(code);
    if (organisation) return organisation;
    throw new NotFoundError('organisation-unknown', `No imported file names an organisation ${code}.`);
  }

  /** Closures, moves and renames, oldest first. */
  async history(code: string): Promise<OrganisationChange[]> {
    return this.repository.history(code);
  }

  /** Active GP practices of England in code order. */
  async *practices(): AsyncGenerator<Organisation> {
    for (let after = ''; ;) {
      const page = await this.repository.practicesAfter(after, PAGE);
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < PAGE) return;
      after = last.code;
    }
  }

  /** @throws NotFoundError `account-unknown` when no export has named it. */
  async account(id: string): Promise<Account> {
    const account = await this.repository.account(id);
    if (account) return account;
    throw new NotFoundError('account-unknown', `No imported export names an account ${id}.`);
  }

  async counts(): Promise<DirectoryCounts> {
    return this.repository.counts();
  }

  /** Applied imports, newest first; page on with the last id. */
  async imports(limit = 50, beforeId?: number): Promise<ImportBatch[]> {
    return this.repository.batchesBefore(beforeId, limit);
  }
}
