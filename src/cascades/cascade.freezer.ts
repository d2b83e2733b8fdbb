import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { v7 as uuid } from 'uuid';
import { AuditTrail, type Principal, systemPrincipal } from '../access/index.js';
import { CampaignService } from '../campaigns/index.js';
import { BankHolidays, DeadlinesService } from '../deadlines/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError } from '../shared/errors.js';
import { linksExpireAt } from '../shared/organisation-link.js';
import { CascadeRepository } from './cascade.repository.js';
import { type CascadeTables } from './cascade.tables.js';
import { type Census, CensusService } from './census.service.js';
import { EscalationPolicies } from './escalation.policies.js';
import { type EscalationPolicy } from './escalation.rules.js';
import { FreezeRepository, type FrozenNode, type Imports, type NewCascade } from './freeze.repository.js';
import { EVERYWHERE, treeOf, type TreeNode, type TreeScope } from './tree.rules.js';

export interface DrillTree {
  /** Default: a new one. */
  readonly id?: string;
  readonly name: string;
  readonly foreseen?: ForeseenTree;
  readonly askedAt?: Date;
}

/** A tree as it would be fixed, with what the directory says of its people, and as of which imports. */
export interface ForeseenTree {
  readonly imports: Imports;
  readonly nodes: readonly TreeNode[];
  readonly census: Census;
}

/** Fixes who is to tell whom, at the moment at which a cascade begins. */
@Injectable()
export class CascadeFreezer {
  constructor(
    private readonly repository: FreezeRepository,
    private readonly cascades: CascadeRepository,
    private readonly census: CensusService,
    private readonly campaigns: CampaignService,
    private readonly deadlines: DeadlinesService,
    private readonly bankHolidays: BankHolidays,
    private readonly policies: EscalationPolicies,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes the cascade of an approved campaign; when it is there already, nothing changes. @returns its id, which is
   * the campaign's. @throws ConflictError `not-a-cascade`, `not-approved`; NotFoundError `campaign-not-found`.
   */
  async freeze(campaignId: string, policy: EscalationPolicy = this.policies.usual): Promise<string> {
    const campaign = await this.campaigns.get(campaignId);
    if (await this.cascades.find(campaignId)) return campaignId;
    if (campaign.kind !== 'cascade-request') {
      throw new ConflictError('not-a-cascade', `Campaign ${campaignId} is a ${campaign.kind}, not a cascade-request`);
    }
    if (campaign.approved_hash === null) {
      throw new ConflictError('not-approved', `Campaign ${campaignId} is not approved: its tree is fixed afterwards`);
    }
    const window = await this.deadlines.window(campaign.window_id);
    await this.write(
      {
        id: campaign.id,
        name: campaign.name,
        campaignId: campaign.id,
        planHash: campaign.approved_hash,
        ...this.times(policy, campaign.launch_at ?? this.clock.now(), window.pcse.toInstant()),
      },
      await this.foresee(campaign.audience),
      systemPrincipal('cascades'),
    );
    return campaign.id;
  }

  /**
   * The tree of a rehearsal; when it is there already, nothing changes. `DrillService` writes to it.
   * @param foreseen default: the whole country, as it is now. @param askedAt when its messages leave; default: now.
   * @param also what is kept only together with the tree. @returns the id of the drill.
   */
  async drill(
    { id = uuid(), name, foreseen, askedAt = this.clock.now() }: DrillTree,
    principal: Principal,
    also?: (cascade: NewCascade, trx: Transaction<CascadeTables>) => Promise<void>,
  ): Promise<string> {
    const times = this.times(this.policies.usual, askedAt, askedAt);
    const tree = foreseen ?? (await this.foresee(EVERYWHERE));
    await this.write({ id, name, campaignId: null, planHash: null, ...times }, tree, principal, also);
    return id;
  }

  /** The tree as it would be fixed now, with what the directory says of its people. */
  async foresee(scope: TreeScope): Promise<ForeseenTree> {
    // What comes in while this goes on is compared with the tree afterwards.
    const imports = await this.repository.imports();
    const nodes = treeOf(await this.repository.organisations(), scope);
    return { imports, nodes, census: await this.census.take() };
  }

  private times(policy: EscalationPolicy, askedAt: Date, roundEnds: Date) {
    return {
      policy,
      frozenAt: this.clock.now(),
      answerBy: this.bankHolidays.calendar.addWorkingHours(askedAt, policy.answerWithinHours),
      linksExpireAt: linksExpireAt(roundEnds),
    };
  }

  private async write(
    begun: Omit<NewCascade, 'imports'>,
    { imports, nodes, census }: ForeseenTree,
    principal: Principal,
    also?: (cascade: NewCascade, trx: Transaction<CascadeTables>) => Promise<void>,
  ): Promise<void> {
    const cascade = { ...begun, imports };
    await this.repository.db.transaction().execute(async (trx) => {
      if (!(await this.repository.addCascade(cascade, trx))) return;
      const frozen = nodes.map((node) => frozenNode(node, census, false));
      await this.repository.addOrganisations(cascade.id, frozen, trx);
      await this.repository.addContacts(cascade.id, contactRows(nodes, census), trx);
      await this.repository.addNeeds(cascade.id, needRows(nodes, census), trx);
      await this.cascades.refreshReach(cascade.id, trx);
      await also?.(cascade, trx);
      const details = { organisations: nodes.length, drill: cascade.campaignId === null };
      const subject = `cascade:${cascade.id}`;
      await this.audit.record({ actor: principal.id, action: 'cascade.frozen', subject, details }, trx);
    });
  }
}

export function frozenNode(node: TreeNode, { contacts, atRisk }: Census, joinedLate: boolean): FrozenNode {
  return {
    ...node,
    joinedLate,
    hasContacts: (contacts.get(node.code) ?? []).length > 0,
    atRisk: atRisk.has(node.code),
  };
}

export function contactRows(nodes: readonly TreeNode[], { contacts }: Census) {
  return nodes.flatMap(({ code }) =>
    (contacts.get(code) ?? []).map((contact, i) => ({ ...contact, code, rank: i + 1 })),
  );
}

export function needRows(nodes: readonly { readonly code: string }[], { needs }: Census) {
  const codes = new Set(nodes.map(({ code }) => code));
  return needs.filter(({ code }) => codes.has(code));
}
