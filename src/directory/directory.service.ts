import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../shared/errors.js';
import {
  type Account,
  type AccountFilter,
  type DirectoryCounts,
  DirectoryRepository,
  type ImportBatch,
  type Organisation,
  type OrganisationChange,
  type OrganisationFilter,
} from './directory.repository.js';
import { type OrganisationKind } from './directory.tables.js';

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

  /** A page of organisations in code order, `limit` of them after the given code. */
  async organisations(filter: OrganisationFilter, after: string, limit: number): Promise<Organisation[]> {
    return this.repository.organisationsAfter(filter, after, limit);
  }

  /** The region of each of these organisations, of a region its own code. Codes without a region are left out. */
  async regionsOf(codes: readonly string[]): Promise<Map<string, string>> {
    return this.repository.regionsOf(codes);
  }

  /** What the codes that an imported file has named stand for; the others are not among the keys. */
  async kindsOf(codes: readonly string[]): Promise<Map<string, OrganisationKind>> {
    return this.repository.kindsOf(codes);
  }

  /** A page of account ids in order. */
  async accountIds(filter: AccountFilter, after: string, limit: number): Promise<string[]> {
    return this.repository.accountIdsAfter(filter, after, limit);
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
