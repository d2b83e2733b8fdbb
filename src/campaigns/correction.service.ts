import { Injectable, Logger } from '@nestjs/common';
import pLimit from 'p-limit';
import { v5 as uuidFrom } from 'uuid';
import { type Principal, systemPrincipal } from '../access/index.js';
import {
  DeadlinesService,
  type DeclarationWindow,
  type MoveCutoffInput,
  type WindowChange,
  type WindowSnapshot,
} from '../deadlines/index.js';
import { Ledger } from '../delivery/index.js';
import { inTwoTries } from '../platform/database/index.js';
import { Clock } from '../shared/clock.js';
import { ForbiddenError } from '../shared/errors.js';
import { CampaignRepository } from './campaign.repository.js';
import { audienceSchema, optionsSchema } from './campaign.schema.js';
import { CampaignService } from './campaign.service.js';
import { nextState } from './campaign.states.js';
import { CampaignTransitions, ifPossible } from './campaign.transitions.js';
import { CorrectionAudience, allDatesOf } from './correction.audience.js';
import { type AllDates } from './correction.rules.js';
import { CorrectionRepository, type CorrectionTrx } from './correction.repository.js';

/** Names corrections the same way each time: one for a version of a window. */
const CORRECTIONS = '5b0f4f0e-6f39-5c8e-8f0b-0b7a5b6d2c43';
const SERVICE = systemPrincipal('corrections');
const REASON = 'the window has changed';

/** What became of a window's campaigns when it moved. */
export interface WindowMoved {
  readonly windowId: string;
  readonly version: number;
  /** Campaigns whose approval was for other dates; somebody has to approve them again. */
  readonly backToDraft: readonly string[];
  /** Messages that had been planned and will not leave. */
  readonly stopped: number;
  /** The draft to everybody who was told other dates; null when nobody was, or the cutoff has passed. */
  readonly correctionId: string | null;
}

/**
 * Brings a window's campaigns in line with its dates after they have changed. Approval binds the schedule and the dates,
 * so a campaign that was approved for others is a draft again, whatever it had sent: its waiting steps are taken back
 * and its unsent messages are cancelled. Approved anew, a reminder ladder starts afresh, and anything else goes to those
 * who have not had it yet. Those who were told other dates get a correction, once somebody approves that too.
 */
@Injectable()
export class CorrectionService {
  private readonly logger = new Logger(CorrectionService.name);
  /** The work holds one connection to the database and needs others: many at once would wait for one another. */
  private readonly turns = pLimit(1);

  constructor(
    private readonly corrections: CorrectionRepository,
    private readonly audience: CorrectionAudience,
    private readonly campaigns: CampaignService,
    private readonly transitions: CampaignTransitions,
    private readonly campaignRows: CampaignRepository,
    private readonly deadlines: DeadlinesService,
    private readonly ledger: Ledger,
    private readonly clock: Clock,
  ) {}

  /**
   * Moves a window and brings its campaigns in line. When it returns, nothing with the old dates leaves any more; what
   * is on the wire at that moment counts as told.
   * @throws as `DeadlinesService.moveCutoff` does; ForbiddenError `not-permitted` without `window:write`.
   */
  async moveCutoff(
    windowId: string,
    input: MoveCutoffInput,
    expectedVersion: number,
    principal: Principal,
  ): Promise<WindowMoved> {
    if (principal.kind !== 'system' && !principal.permissions.includes('window:write')) {
      throw new ForbiddenError('not-permitted', 'A window is moved by somebody with the permission window:write');
    }
    const { after } = await this.deadlines.moveCutoff(windowId, input, expectedVersion, principal.id);
    return this.windowMoved(after.id);
  }

  /** Does its work once for each version of a window; asked again, and by several at a time, it changes nothing. */
  async windowMoved(windowId: string): Promise<WindowMoved> {
    return this.turns(() => inTwoTries(() => this.followWindow(windowId)));
  }

  private async followWindow(windowId: string): Promise<WindowMoved> {
    return this.corrections.alone(windowId, async (trx) => {
      const window = await this.deadlines.window(windowId);
      const { id, version } = window;
      const handled = await this.corrections.handled(id, version, trx);
      if (handled) return { windowId: id, version, backToDraft: [], stopped: 0, correctionId: handled.campaignId };
      const since = await this.corrections.lastHandled(id, trx);
      const changes = (await this.deadlines.history(id)).filter((change) => change.version > since);
      // Another reminder policy tells nobody anything wrong: it concerns the reminders alone.
      const moves = changes.filter(({ before, after }) => !sameDates(before, after));
      const datesMoved = moves.length > 0;
      const { backToDraft, stopped } = await this.takeBack(window, datesMoved);
      const correctionId = datesMoved ? await this.draft(window, moves, trx) : null;
      await this.corrections.setHandled({ windowId: id, version, campaignId: correctionId }, this.clock.now(), trx);
      this.logger.log({ message: 'window moved', window: id, version, backToDraft: backToDraft.length, stopped });
      return { windowId: id, version, backToDraft, stopped, correctionId };
    });
  }

  /**
   * Answers, for all accounts of a person, which dates they were told that are not the window's; with other times than
   * the window has now, what moving it there would make wrong.
   */
  async wrongDates(window: DeclarationWindow): Promise<(accountIds: readonly string[]) => AllDates | undefined> {
    return this.audience.wrongDates(window);
  }

  /** Ids of windows that somebody has changed by whatever way, and whose campaigns still follow the dates of before. */
  async unhandled(): Promise<string[]> {
    return this.corrections.unhandled(this.clock.now());
  }

  private async takeBack(
    window: DeclarationWindow,
    datesMoved: boolean,
  ): Promise<{ backToDraft: string[]; stopped: number }> {
    const backToDraft: string[] = [];
    let stopped = 0;
    for (const { id, kind, state } of await this.campaignRows.ofWindow(window.id)) {
      if (datesMoved && kind === 'correction' && nextState(state, 'cancel') !== undefined) {
        // The correction of a change before this one: whoever needs it gets the newer one.
        await ifPossible(this.transitions.cancel(id, REASON, SERVICE));
        continue;
      }
      const withdrawn = await this.campaigns.withdraw(id, REASON, SERVICE);
      if (withdrawn === undefined) continue;
      backToDraft.push(id);
      stopped += withdrawn;
    }
    // Also what a process that died in the middle of this has left behind.
    for (const dispatchId of await this.corrections.liveDispatchesWithOtherDates(window.id, allDatesOf(window))) {
      stopped += await this.ledger.cancel({ dispatchId }, REASON);
    }
    return { backToDraft, stopped };
  }

  private async draft(
    window: DeclarationWindow,
    moves: readonly WindowChange[],
    trx: CorrectionTrx,
  ): Promise<string | null> {
    if (window.cutoff.toInstant() <= this.clock.now() || !(await this.audience.isWanted(window))) return null;
    const [newest] = await this.campaignRows.list({ windowId: window.id, limit: 1 });
    const id = uuidFrom(`${window.id}:${window.version}`, CORRECTIONS);
    const draft = {
      id,
      name: `Correction: ${window.name.slice(0, 150)}, version ${window.version}`,
      kind: 'correction' as const,
      window_id: window.id,
      region: null,
      audience: JSON.stringify(audienceSchema.parse({})),
      options: JSON.stringify(newest?.options ?? optionsSchema.parse({})),
      launch_at: null,
      held_back: false,
      author: moves.at(-1)?.changedBy ?? SERVICE.id,
      // Whoever moved a date decided what it says.
      writers: await this.campaigns.writersOf(moves.map(({ changedBy }) => changedBy)),
    };
    await this.transitions.begin(draft, SERVICE, { version: window.version }, trx);
    return id;
  }
}

/** Whether a message to anybody would say the same. */
function sameDates(a: WindowSnapshot, b: WindowSnapshot): boolean {
  return a.cutoff === b.cutoff && a.reopening === b.reopening && a.pcse === b.pcse && a.signInChange === b.signInChange;
}
