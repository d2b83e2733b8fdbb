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

  /**
   * With a region only what belongs to it, and the region itself: for whoever is confined to it.
   * @throws NotFoundError `organisation-unknown` when no file has named it.
   */
  async organisation(code: string, region?: string): Promise<Organisation> {
    const organisation = await this.repository.organisation(code);
    if (organisation && [undefined, organisation.code, organisation.regionCode].includes(region)) return organisation;
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

  /**
   * With a region only who works for one of its organisations: for whoever is confined to it.
   * @throws NotFoundError `account-unknown` when no export has named it.
   */
  async account(id: string, region?: string): Promise<Account> {
    const account = await this.repository.account(id);
    if (account && (region === undefined || (await this.worksIn(account, region)))) return account;
    throw new NotFoundError('account-unknown', `No imported export names an account ${id}.`);
  }

  private async worksIn({ memberships }: Account, region: string): Promise<boolean> {
    const regions = await this.repository.regionsOf(memberships.map(({ organisationCode }) => organisationCode));
    return [...regions.values()].includes(region);
  }

  async counts(): Promise<DirectoryCounts> {
    return this.repository.counts();
  }

  /** Applied imports, newest first; page on with the last id. */
  async imports(limit = 50, beforeId?: number): Promise<ImportBatch[]> {
    return this.repository.batchesBefore(beforeId, limit);
  }
}
