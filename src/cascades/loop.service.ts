import { Injectable } from '@nestjs/common';
import { SegmentsService } from '../segments/index.js';
import { Clock } from '../shared/clock.js';
import { contactRows, frozenNode, needRows } from './cascade.freezer.js';
import { type CascadeRow, CascadeRepository } from './cascade.repository.js';
import { CensusService } from './census.service.js';
import { FreezeRepository } from './freeze.repository.js';
import { LoopRepository, type Retirable } from './loop.repository.js';
import { type TreeNode } from './tree.rules.js';

export interface Comparison {
  /** Needs that ended because the person has a new account with at least the same roles. */
  readonly replaced: number;
  /** Needs that ended otherwise: the account was corrected in the directory's eyes, disabled, or is gone. */
  readonly ended: number;
  /** Practices that opened since the tree was frozen. */
  readonly joined: number;
}

const NOTHING_NEW: Comparison = { replaced: 0, ended: 0, joined: 0 };

/** Closes the loop: what later imports show of practices and accounts is taken over into the cascades. */
@Injectable()
export class LoopService {
  constructor(
    private readonly repository: LoopRepository,
    private readonly cascades: CascadeRepository,
    private readonly freezing: FreezeRepository,
    private readonly census: CensusService,
    private readonly segments: SegmentsService,
    private readonly clock: Clock,
  ) {}

  /** Compares the cascade with the directory when something was imported since the last time. */
  async compare(cascade: CascadeRow): Promise<Comparison> {
    const { newest } = await this.freezing.imports();
    if (newest <= cascade.checked_batch) return NOTHING_NEW;
    const { id, checked_batch: checked } = cascade;
    const now = this.clock.now();
    const joiners: TreeNode[] = await this.repository.lateJoiners(id);
    const census = await this.census.take();
    const successors = await this.successors(id);
    return this.repository.db.transaction().execute(async (trx) => {
      // Another scheduler was faster and may have seen a later import: what this one saw would undo that.
      if (!(await this.repository.setChecked(id, checked, newest, trx))) return NOTHING_NEW;
      await this.cascades.lockAll(id, trx);
      await this.repository.noteChanges(id, now, trx);
      if (joiners.length > 0) {
        const nodes = joiners.map((node) => frozenNode(node, census, true));
        await this.freezing.addOrganisations(id, nodes, trx);
        await this.freezing.addContacts(id, contactRows(joiners, census), trx);
        await this.repository.noteJoined(
          id,
          joiners.map(({ code }) => code),
          now,
          trx,
        );
      }
      const inTree = await this.cascades.codes(id, trx);
      const needs = needRows(inTree, census);
      await this.freezing.addNeeds(id, needs, trx);
      const replaced = await this.repository.resolveReplaced(id, successors, now, trx);
      const ended = await this.repository.resolveOthers(id, needs, now, trx);
      await this.repository.setAtRisk(id, [...census.atRisk], trx);
      await this.cascades.refreshReach(id, trx);
      return { replaced, ended, joined: joiners.length };
    });
  }

  /** Old accounts that may be retired: another one has taken their place, and they are still active. */
  async retirable(cascadeId: string): Promise<Retirable[]> {
    return this.repository.retirable(cascadeId);
  }

  /**
   * What may have taken the place of an account: the one under the person's NHSmail address that the directory knows,
   * or a new one of the same name in the same organisation that works under single sign-on.
   */
  private async successors(cascadeId: string): Promise<{ accountId: string; successor: string }[]> {
    const open = await this.segments.classify(await this.repository.openAccounts(cascadeId));
    const known = open.flatMap(({ accountId, suggestion }) =>
      suggestion?.kind === 'use-account' ? [{ accountId, successor: suggestion.accountId }] : [],
    );
    const newcomers = await this.repository.newcomers(cascadeId);
    const working = new Set(
      (await this.segments.classify(newcomers.map(({ successor }) => successor)))
        .filter(({ segment }) => segment === 'nhsmail' || segment === 'nhsmail-unconfirmed')
        .map(({ accountId }) => accountId),
    );
    return [...known, ...newcomers.filter(({ successor }) => working.has(successor))];
  }
}
