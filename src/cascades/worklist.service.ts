import { Injectable } from '@nestjs/common';
import { LeaverService } from '../feedback/index.js';
import { type Suggestion, SegmentsService } from '../segments/index.js';
import { Clock } from '../shared/clock.js';
import { type OrganisationRow } from './cascade.repository.js';
import { CascadeService } from './cascade.service.js';
import { NEED_ACTIONS } from './contact.rules.js';
import { snapshotOf } from './report.service.js';
import { type TableExport } from './table.export.js';
import { WorklistRepository } from './worklist.repository.js';
import { type WorklistLine, type WorklistPerson } from './worklist.types.js';

/** What a commissioner or region has to do, those at risk first. */
@Injectable()
export class WorklistService {
  constructor(
    private readonly repository: WorklistRepository,
    private readonly cascades: CascadeService,
    private readonly segments: SegmentsService,
    private readonly leavers: LeaverService,
    private readonly clock: Clock,
  ) {}

  /** The organisations directly below, those at risk first, then by how many people need help. */
  async lines(cascadeId: string, code: string): Promise<WorklistLine[]> {
    const organisation = await this.cascades.organisation(cascadeId, code);
    return this.repository.lines(cascadeId, organisation, await this.leaversOf(organisation));
  }

  /** Everybody at and below a commissioner (or in a practice, or a region's whole area) who still needs help. */
  async people(cascadeId: string, code: string): Promise<WorklistPerson[]> {
    const organisation = await this.cascades.organisation(cascadeId, code);
    const rows = await this.repository.people(cascadeId, organisation, await this.leaversOf(organisation));
    const results = await this.segments.classify(rows.map(({ accountId }) => accountId));
    const suggestions = new Map(results.map(({ accountId, suggestion }) => [accountId, suggestion]));
    return rows.map((row) => ({
      ...row,
      action: NEED_ACTIONS[row.need],
      suggestion: inWords(suggestions.get(row.accountId)),
      newAddress: newAddressIn(suggestions.get(row.accountId)),
    }));
  }

  async linesExport(cascadeId: string, code: string): Promise<TableExport> {
    const lines = await this.lines(cascadeId, code);
    return {
      title: 'Worklist',
      header: [
        'Code',
        'Name',
        'Practices',
        'Practices at risk',
        'Mismatched',
        'Unknown',
        'Unreachable',
        'Probably left',
        'Status',
      ],
      rows: lines.map((line) => [
        line.code,
        line.name,
        line.practices,
        line.practicesAtRisk,
        line.mismatched,
        line.unknown,
        line.unreachable,
        line.left,
        line.status,
      ]),
      ...(await this.origin(cascadeId)),
    };
  }

  async peopleExport(cascadeId: string, code: string): Promise<TableExport> {
    const people = await this.people(cascadeId, code);
    return {
      title: 'People to help',
      header: [
        'Organisation',
        'Name',
        'At risk',
        'Account',
        'First name',
        'Last name',
        'Registered address',
        'Roles',
        'Need',
        'What to do',
        'Suggestion',
      ],
      rows: people.map((person) => [
        person.organisationCode,
        person.organisationName,
        person.atRisk ? 'yes' : 'no',
        person.accountId,
        person.firstName,
        person.lastName,
        person.registeredAddress,
        person.roles.join('; '),
        person.need,
        person.action,
        person.suggestion,
      ]),
      ...(await this.origin(cascadeId)),
    };
  }

  /** Read now and not frozen: mail comes back while a cascade goes on. */
  private async leaversOf({ code, kind }: Pick<OrganisationRow, 'code' | 'kind'>): Promise<string[]> {
    const found = await this.leavers.probableLeavers(kind === 'region' ? {} : { organisationCodes: [code] });
    return found.map(({ accountId }) => accountId);
  }

  private async origin(cascadeId: string): Promise<Pick<TableExport, 'madeAt' | 'snapshot'>> {
    return { madeAt: this.clock.now(), snapshot: snapshotOf(await this.cascades.get(cascadeId)) };
  }
}

function newAddressIn(suggestion: Suggestion | undefined): string | null {
  return suggestion?.kind === 'new-account-with' ? suggestion.address : null;
}

function inWords(suggestion: Suggestion | undefined): string | null {
  switch (suggestion?.kind) {
    case undefined:
      return null;
    case 'new-account-with':
      return `New account with ${suggestion.address}${suggestion.certainty === 'certain' ? '' : ' (ask first: probable)'}`;
    case 'use-account':
      return `Use account ${suggestion.accountId}, which needs the same roles`;
    case 'did-you-mean':
      return `Perhaps a slip for ${suggestion.address} (ask first)`;
  }
}
