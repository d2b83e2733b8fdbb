import { Inject, Injectable, Optional } from '@nestjs/common';
import { type DeclarationWindow } from '../deadlines/index.js';
import { SuppressionList } from '../delivery/index.js';
import { OptOutService } from '../feedback/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import {
  groupPersons,
  type MergeableAccount,
  ReadinessService,
  SegmentsService,
  UNCHANGING_DIRECTORY,
} from '../segments/index.js';
import { AudienceRepository } from './audience.repository.js';
import {
  type AudienceAccount,
  type AudienceContext,
  type AudienceOrganisation,
  type AudiencePerson,
  isWithinPlaces,
  recipientsOf,
  withoutRepeat,
} from './audience.rules.js';
import { KINDS, NOT_MAILED } from './campaign.kinds.js';
import { type CampaignRow } from './campaign.repository.js';
import { CorrectionAudience, datesToldOf } from './correction.audience.js';
import { type PlannedRecipient } from './recipient.types.js';
import { peopleForNewAccounts, worklists } from './worklist.rules.js';

/** The directory as it stood at one moment, person by person. */
export interface Everybody {
  readonly organisations: ReadonlyMap<string, AudienceOrganisation>;
  readonly persons: readonly AudiencePerson[];
  readonly atRisk: () => ReadonlySet<string>;
}

/** Reads the directory as it stands and says, person by person, who gets what and who gets nothing and why. */
@Injectable()
export class AudienceService {
  /** Everybody, once grouped: only where the directory is known not to change. */
  private kept: Promise<Everybody> | undefined;

  constructor(
    private readonly directory: AudienceRepository,
    private readonly segments: SegmentsService,
    private readonly readiness: ReadinessService,
    private readonly suppressions: SuppressionList,
    private readonly optOuts: OptOutService,
    private readonly templates: TemplateCatalogue,
    private readonly corrections: CorrectionAudience,
    @Optional() @Inject(UNCHANGING_DIRECTORY) private readonly isUnchanging = false,
  ) {}

  /** The whole directory, read and classified: what the other questions are asked of, each of one reading or of the same. */
  async everybody(): Promise<Everybody> {
    if (!this.isUnchanging) return this.grouped();
    this.kept ??= this.grouped();
    return this.kept;
  }

  /** In the order of person and topic. */
  async *recipients(
    campaign: Pick<CampaignRow, 'id' | 'kind' | 'audience' | 'remainder_of'>,
    window: DeclarationWindow,
    { organisations, persons, atRisk }: Everybody,
  ): AsyncGenerator<PlannedRecipient> {
    const context: AudienceContext = {
      kind: campaign.kind,
      audience: campaign.audience,
      wrongDates:
        KINDS[campaign.kind].audience === 'told-before' ? await this.corrections.wrongDates(window) : () => undefined,
      dates: datesToldOf(window),
      suppressed: await this.suppressions.suppressed('all'),
      declines: await this.declines(),
      cascadingCommissioners: cascadingCommissioners(persons),
      worklist:
        KINDS[campaign.kind].audience === 'contacts'
          ? worklists(persons, [...organisations.values()], atRisk())
          : () => ({}),
    };
    // A reminder comes again by its nature; anything else that was stopped half-way, or reached not everybody, goes on
    // with the rest.
    const told =
      KINDS[campaign.kind].schedule === 'once'
        ? await this.corrections.toldByCampaign(campaign.remainder_of ?? campaign.id)
        : new Set<string>();
    const hasHad = ({ accountIds, topic }: PlannedRecipient): boolean =>
      accountIds.every((accountId) => told.has(`${accountId} ${topic}`));
    for (const person of persons) {
      const lines = recipientsOf(person, context);
      yield* lines
        .sort((a, b) => (a.topic < b.topic ? -1 : 1))
        .map((line) => (hasHad(line) ? withoutRepeat(line) : line));
    }
  }

  /**
   * Keys of the people for whom the campaign asks commissioners to request a new account: what it tells people without
   * writing to them. Nobody, unless it goes to commissioners.
   */
  async peopleForNewAccounts(
    { kind, audience }: Pick<CampaignRow, 'kind' | 'audience'>,
    everybody?: Everybody,
  ): Promise<string[]> {
    if (KINDS[kind].audience !== 'contacts') return [];
    const { persons } = everybody ?? (await this.everybody());
    return peopleForNewAccounts(persons.filter((person) => isWithinPlaces(person, audience))).map(({ key }) => key);
  }

  private async grouped(): Promise<Everybody> {
    const organisations = await this.directory.organisations();
    const mergeable: MergeableAccount[] = [];
    const accounts = new Map<string, AudienceAccount>();
    const tally = await this.readiness.tally();
    for await (const batch of this.segments.batches()) {
      for (const { account, result } of batch) {
        tally.add({ segment: result.segment, memberships: account.organisations });
        const { accountId, segment, rule, address, nhsmail } = result;
        mergeable.push({ accountId, segment, ...(address !== undefined && { address }), ...(nhsmail && { nhsmail }) });
        accounts.set(accountId, {
          id: accountId,
          firstName: account.firstName,
          lastName: account.lastName,
          email: account.email,
          segment,
          rule,
          memberships: account.organisations.flatMap(({ code, roles }) => {
            const organisation = organisations.get(code);
            return organisation ? [{ organisation, roles }] : [];
          }),
        });
      }
    }
    const persons = groupPersons(mergeable).map(({ personKey, segment, accounts: members }) => ({
      key: personKey,
      segment,
      accounts: members.flatMap(({ accountId }) => accounts.get(accountId) ?? []),
    }));
    return {
      organisations,
      persons: persons.filter((person) => person.accounts.length > 0),
      atRisk: () => new Set(tally.rows().flatMap((row) => (row.atRisk ? [row.organisation] : []))),
    };
  }

  private async declines(): Promise<AudienceContext['declines']> {
    const optedOut = await this.optOuts.optedOut('all');
    return (address, template) => optedOut.has(address) && this.templates.get(template).kind === 'optional';
  }
}

function cascadingCommissioners(persons: readonly AudiencePerson[]): Set<string> {
  const reachable = new Set<string>();
  for (const { accounts } of persons) {
    for (const account of accounts) {
      if (NOT_MAILED[account.segment] !== undefined) continue;
      for (const { organisation } of account.memberships) {
        if (organisation.kind === 'commissioner') reachable.add(organisation.code);
      }
    }
  }
  return reachable;
}
