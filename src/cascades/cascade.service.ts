import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { inTwoTries } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { InvalidInputError, NotFoundError } from '../shared/errors.js';
import { type LinkPurpose, organisationLinkPath } from '../shared/organisation-link.js';
import { type CascadeTables, type StepDetails } from './cascade.tables.js';
import {
  type CascadeRow,
  CascadeRepository,
  type OrganisationPatch,
  type OrganisationRow,
  type StepRow,
} from './cascade.repository.js';
import { EscalationService } from './escalation.service.js';
import { type Answer, stateAfter, type StepState } from './step.rules.js';

export interface AnswerInput {
  readonly cascadeId: string;
  /** Who answers: ODS code. */
  readonly organisation: string;
  readonly answer: Answer;
  /** Passed on to, or declined as not ours: codes of the organisations directly below. Default: all; declining: the whole request. */
  readonly below?: readonly string[];
  /** Why it was declined, in the answerer's words; at most 500 characters are kept. */
  readonly reason?: string;
  /** `link:<organisation>`, or the id of a principal. */
  readonly actor: string;
}

export interface AnswerResult {
  /** `already`: the answer told nothing new, and nothing changed. */
  readonly outcome: 'recorded' | 'already';
  readonly state: StepState;
  /** It came after the time that was asked for. It counts all the same. */
  readonly late: boolean;
}

const REASON_LENGTH = 500;

/** What becomes of a request on its way: the answers of regions, commissioners and practices, and the links they use. */
@Injectable()
export class CascadeService {
  constructor(
    private readonly repository: CascadeRepository,
    private readonly escalation: EscalationService,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws NotFoundError `cascade-not-found`. */
  async get(id: string): Promise<CascadeRow> {
    const row = await this.repository.find(id);
    if (row) return row;
    throw noSuchCascade();
  }

  /** As `get`, for somebody who may be confined to a region: a cascade that leaves it out is not there. */
  async visible(id: string, region: string | undefined): Promise<CascadeRow> {
    const row = await this.get(id);
    if (region === undefined || (await this.repository.organisation(id, region))) return row;
    throw noSuchCascade();
  }

  /** Newest first; with a region, those that have it in their tree. */
  async list(limit: number, before?: { frozenAt: Date; id: string }, region?: string): Promise<CascadeRow[]> {
    return this.repository.list(limit, before, region);
  }

  /** @throws NotFoundError `not-in-cascade`. */
  async organisation(cascadeId: string, code: string): Promise<OrganisationRow> {
    const row = await this.repository.organisation(cascadeId, code);
    if (row) return row;
    throw notInCascade(code);
  }

  /** What stands directly below an organisation, in code order. */
  async below(cascadeId: string, organisation: Pick<OrganisationRow, 'code' | 'kind'>): Promise<OrganisationRow[]> {
    return this.repository.below(cascadeId, organisation);
  }

  /** Everything that happened to an organisation, oldest first. */
  async steps(cascadeId: string, code: string): Promise<StepRow[]> {
    return this.repository.steps(cascadeId, code);
  }

  /**
   * Writes an answer down and stops what has not yet been escalated. Given twice, it is written once.
   * @throws InvalidInputError `not-its-answer`, `not-below`, `reason-missing`; NotFoundError `not-in-cascade`.
   */
  async answer(input: AnswerInput): Promise<AnswerResult> {
    const { cascadeId, organisation: code, answer } = input;
    const cascade = await this.get(cascadeId);
    const result = await this.repository.db.transaction().execute(async (trx) => {
      const organisation = await this.repository.lockOrganisation(cascadeId, code, trx);
      if (!organisation) throw notInCascade(code);
      const after = stateAfter(organisation.kind, organisation.state, answer);
      if (after === undefined) {
        throw new InvalidInputError('not-its-answer', `A ${organisation.kind} cannot answer "${answer}"`);
      }
      const below = await this.namedBelow(input, organisation, trx);
      if (answer === 'decline' && below !== undefined) return this.reroute(input, organisation, below, trx);
      return this.record(input, cascade, organisation, after, below ?? [], trx);
    });
    // Where that fails too, the ticker does it.
    if (result.outcome === 'recorded') await inTwoTries(() => this.escalation.stopAnswered(cascadeId, code));
    return result;
  }

  /**
   * The address path of an organisation's present link: `/cascade/<token>`.
   * @param expiresAt default: when all links of the cascade end.
   */
  async link(
    cascadeId: string,
    code: string,
    purpose: LinkPurpose,
    expiresAt?: Date,
  ): Promise<{ path: string; expiresAt: Date }> {
    const { links_expire_at } = await this.get(cascadeId);
    const { link_generation } = await this.organisation(cascadeId, code);
    return this.pathOf(cascadeId, code, purpose, link_generation, expiresAt ?? links_expire_at);
  }

  pathOf(cascadeId: string, organisation: string, purpose: LinkPurpose, generation: number, expiresAt: Date) {
    const path = organisationLinkPath({ purpose, cascadeId, organisation, generation, expiresAt }, this.config.secret);
    return { path, expiresAt };
  }

  /** Every link of the organisation that is out stops working; `link` gives new ones. */
  async revokeLinks(cascadeId: string, code: string, actor: string): Promise<void> {
    await this.repository.db.transaction().execute(async (trx) => {
      const organisation = await this.repository.lockOrganisation(cascadeId, code, trx);
      if (!organisation) throw notInCascade(code);
      await this.repository.change(cascadeId, code, { link_generation: organisation.link_generation + 1 }, trx);
      await this.repository.addStep({ cascadeId, code, action: 'revoke-links', at: this.clock.now(), actor }, trx);
    });
  }

  private async record(
    { cascadeId, organisation: code, answer, reason, actor }: AnswerInput,
    cascade: CascadeRow,
    organisation: OrganisationRow,
    after: StepState,
    below: readonly string[],
    trx: Transaction<CascadeTables>,
  ): Promise<AnswerResult> {
    const now = this.clock.now();
    const passedOn = answer === 'pass-on' ? await this.repository.markPassedOn(cascadeId, below, code, now, trx) : [];
    const late = now > cascade.answer_by;
    if (after === organisation.state && passedOn.length === 0) {
      return { outcome: 'already', state: after, late: organisation.answered_late };
    }
    const patch: OrganisationPatch = {
      state: after,
      answered_at: organisation.answered_at ?? now,
      answered_late: organisation.answered_at === null ? late : organisation.answered_late,
      // What is left to do after an answer has a ladder of its own.
      ...(answer !== 'decline' && {
        acknowledged_at: organisation.acknowledged_at ?? now,
        rung: 0,
        rung_at: null,
      }),
      ...(answer === 'confirm' && { confirmed_at: now }),
      ...(answer === 'finish' && { done_at: now }),
      ...(answer === 'decline' && { declined_at: now }),
    };
    await this.repository.change(cascadeId, code, patch, trx);
    if (answer !== 'decline') await this.repository.callOffDirect(cascadeId, code, trx);
    const details: StepDetails = {
      ...(answer === 'pass-on' && { practices: passedOn }),
      ...(answer === 'decline' && { reason: requiredReason(reason) }),
    };
    await this.repository.addStep({ cascadeId, code, action: answer, at: now, late, actor, details }, trx);
    return { outcome: 'recorded', state: after, late };
  }

  /** "Not ours": a practice goes to the commissioner that the directory names now, or the service writes to it itself. */
  private async reroute(
    { cascadeId, organisation: code, reason, actor }: AnswerInput,
    organisation: OrganisationRow,
    practices: readonly string[],
    trx: Transaction<CascadeTables>,
  ): Promise<AnswerResult> {
    const now = this.clock.now();
    const why = requiredReason(reason);
    let moved = 0;
    for (const practice of practices) {
      const node = await this.repository.lockOrganisation(cascadeId, practice, trx);
      if (!node || node.commissioner_code !== code || node.direct_reason || node.passed_on_at) continue;
      moved += 1;
      const to = await this.repository.presentCommissioner(cascadeId, practice, trx);
      const elsewhere = to !== undefined && to.code !== code;
      await this.repository.change(
        cascadeId,
        practice,
        elsewhere ? { commissioner_code: to.code, region_code: to.regionCode } : { direct_reason: 'declined' as const },
        trx,
      );
      const details: StepDetails = { from: code, to: elsewhere ? to.code : 'direct', reason: why };
      await this.repository.addStep({ cascadeId, code: practice, action: 'reroute', at: now, actor, details }, trx);
    }
    return {
      outcome: moved > 0 ? 'recorded' : 'already',
      state: organisation.state,
      late: organisation.answered_late,
    };
  }

  private async namedBelow(
    { cascadeId, answer, below }: AnswerInput,
    organisation: OrganisationRow,
    trx: Transaction<CascadeTables>,
  ): Promise<readonly string[] | undefined> {
    if (answer !== 'pass-on' && below === undefined) return undefined;
    const own = (await this.repository.below(cascadeId, organisation, trx)).map(({ code }) => code);
    const stranger = below?.find((code) => !own.includes(code));
    if (stranger !== undefined) {
      throw new InvalidInputError('not-below', `${stranger} does not belong to ${organisation.code} in this cascade`);
    }
    if (below?.length === 0)
      throw new InvalidInputError('not-below', 'Name at least one organisation, or none for all');
    return below ?? own;
  }
}

function requiredReason(reason = ''): string {
  const text = reason.trim().slice(0, REASON_LENGTH);
  if (text !== '') return text;
  throw new InvalidInputError(
    'reason-missing',
    'Say in a few words why this is not yours, so that it can go elsewhere',
  );
}

function noSuchCascade(): NotFoundError {
  return new NotFoundError('cascade-not-found', 'There is no cascade of that id');
}

function notInCascade(code: string): NotFoundError {
  return new NotFoundError('not-in-cascade', `${code} is not part of this cascade`);
}
