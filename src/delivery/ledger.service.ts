import { Injectable, Logger } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { isDatabaseTrouble } from '../platform/database/index.js';
import { Tracing } from '../platform/tracing/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../shared/errors.js';
import { LedgerRepository, type MessageRow, type Stretch } from './ledger.repository.js';
import {
  type Batch,
  type DispatchState,
  type DispatchView,
  type FeedbackResult,
  type LedgerFault,
  type MessageQuery,
  type MessageView,
  type NewDispatch,
  type NewMessage,
  type Progress,
  type UnsentFilter,
} from './ledger.types.js';
import { addressHash, messageIdOf } from './message.identity.js';
import { MESSAGE_STATES, type MessageState, TERMINAL_STATES, UNSENT_STATES } from './message.states.js';
import { type LedgerRow, PlanRepository } from './plan.repository.js';

/** Large enough that the queue costs nothing (a few bytes a message), small enough to pause and share out well. */
const SLICE_SIZE = 500;
/** From so many messages on, the database's statistics are worth 50 ms. */
const NOTABLE = 1_000;
const BARE_ADDRESS = /^[^\s<>@]+@[^\s<>@]+$/;

/** The ledger of everything that is to be, or was, sent. Changes of a campaign take effect between windows of a slice. */
@Injectable()
export class Ledger {
  private readonly logger = new Logger(Ledger.name);

  constructor(
    private readonly plans: PlanRepository,
    private readonly repository: LedgerRepository,
    private readonly clock: Clock,
    private readonly tracing: Tracing,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Writes a dispatch with its messages, all or nothing; in the caller's transaction when one is given. Nothing is
   * sent before `dueAt`. Rows are streamed: a million need no more memory than a thousand. Planning the same dispatch
   * id again changes nothing and reads no rows.
   * @returns how many messages the dispatch has.
   * @throws ConflictError `already-planned` when a person has a message for this purpose of the campaign already.
   * @throws InvalidInputError `bad-message` for an address that is none, `bad-dispatch` for an expiry before the due time.
   */
  async plan<Tables>(
    dispatch: NewDispatch,
    messages: Iterable<NewMessage> | AsyncIterable<NewMessage>,
    trx?: Transaction<Tables>,
  ): Promise<{ planned: number; isNew: boolean }> {
    if (dispatch.expiresAt && dispatch.expiresAt <= dispatch.dueAt) {
      throw new InvalidInputError('bad-dispatch', `Dispatch ${dispatch.id} expires before it is due`);
    }
    const facts = { 'campaign.id': dispatch.campaignId, 'dispatch.id': dispatch.id };
    return this.tracing.span('plan dispatch', facts, () => this.write(dispatch, messages, trx));
  }

  private async write<Tables>(
    dispatch: NewDispatch,
    messages: Iterable<NewMessage> | AsyncIterable<NewMessage>,
    trx?: Transaction<Tables>,
  ): Promise<{ planned: number; isNew: boolean }> {
    const now = this.clock.now();
    return this.plans.inTransaction(trx, async (db) => {
      if (!(await this.plans.addDispatch(db, dispatch, now, this.tracing.here()))) {
        return { planned: await this.plans.plannedOf(db, dispatch.id), isNew: false };
      }
      await this.plans.addMessages(db, dispatch, this.rowsOf(dispatch, messages));
      const planned = await this.plans.addDeliveries(
        db,
        dispatch.id,
        dispatch.dueAt <= now ? 'queued' : 'planned',
        now,
      );
      await this.plans.addSlices(db, dispatch, planned, SLICE_SIZE);
      if (planned >= NOTABLE) await this.plans.analyse(db);
      return { planned, isNew: true };
    });
  }

  private async *rowsOf(
    dispatch: NewDispatch,
    messages: Iterable<NewMessage> | AsyncIterable<NewMessage>,
  ): AsyncGenerator<LedgerRow> {
    let ordinal = 0;
    for await (const message of messages) yield this.rowOf(dispatch, message, ++ordinal);
  }

  /**
   * Nothing more leaves, but for the few messages that are on the wire. @returns how many dispatches it stopped: those
   * that have ended, or are paused already, are left as they are. In the caller's transaction when one is given.
   */
  async pause<Tables>(batch: Batch, trx?: Transaction<Tables>): Promise<number> {
    return (await this.change(batch, ['waiting', 'running'], 'paused', trx)).length;
  }

  /** Goes on with the rest: nobody gets a message twice. @returns how many dispatches go on. Transaction as above. */
  async resume<Tables>(batch: Batch, trx?: Transaction<Tables>): Promise<number> {
    return (await this.change(batch, ['paused'], 'waiting', trx)).length;
  }

  /**
   * The half of `cancel` that decides: nothing of the batch leaves once the caller's transaction is committed. The
   * messages are then stopped by `cancelStopped`, or by the reconciler if this process cannot do it.
   * @returns the ids of the dispatches.
   */
  async stop<Tables>(batch: Batch, trx?: Transaction<Tables>): Promise<string[]> {
    return this.change(batch, ['waiting', 'running', 'paused'], 'cancelled', trx);
  }

  /** Stops for good. @returns how many messages will not be sent. */
  async cancel(batch: Batch, reason: string): Promise<number> {
    return this.cancelStopped(await this.stop(batch), reason);
  }

  /**
   * The other half of `cancel`: the messages of dispatches that `stop` has named. What has been decided does not fail
   * because the database is in trouble: the rest is the reconciler's then. @returns how many were stopped here.
   */
  async cancelStopped(dispatchIds: readonly string[], reason: string): Promise<number> {
    let cancelled = 0;
    try {
      for (const dispatchId of dispatchIds) cancelled += await this.cancelUnsent({ dispatchId }, reason);
    } catch (error) {
      if (!isDatabaseTrouble(error)) throw error;
      this.logger.warn('The messages of stopped dispatches are left to the reconciler: the database is in trouble');
    }
    return cancelled;
  }

  /**
   * Stops unsent messages without stopping their dispatch, as when a cutoff moves. In the caller's transaction when one
   * is given. @returns how many.
   * @throws InvalidInputError `no-batch` when neither campaign nor dispatch is given.
   */
  async cancelUnsent<Tables>(filter: UnsentFilter, reason: string, trx?: Transaction<Tables>): Promise<number> {
    if (filter.campaignId === undefined && filter.dispatchId === undefined) {
      throw new InvalidInputError('no-batch', 'Name the campaign or the dispatch whose messages are to be stopped');
    }
    return this.repository.cancelUnsent(filter, reason, this.clock.now(), trx);
  }

  async progress(batch: Batch): Promise<Progress> {
    const states = Object.fromEntries(MESSAGE_STATES.map((state) => [state, 0])) as Record<MessageState, number>;
    for (const { state, messages } of await this.repository.countByState(batch)) states[state] = messages;
    const sum = (list: readonly MessageState[]) => list.reduce((total, state) => total + states[state], 0);
    return { states, planned: sum(MESSAGE_STATES), terminal: sum(TERMINAL_STATES) };
  }

  /** True when every message is in a terminal state; `unknown` is none. So is a batch without messages. */
  async isFinished(batch: Batch): Promise<boolean> {
    const { planned, terminal } = await this.progress(batch);
    return terminal === planned;
  }

  async dispatches(campaignId: string): Promise<DispatchView[]> {
    const rows = await this.repository.dispatches(campaignId);
    return rows.map((row) => ({
      id: row.id,
      campaignId: row.campaign_id,
      purpose: row.purpose,
      dueAt: row.due_at,
      expiresAt: row.expires_at,
      state: row.state,
      planned: row.planned,
    }));
  }

  /** A page of a campaign's messages, in the order in which they were planned. */
  async messages(query: MessageQuery): Promise<MessageView[]> {
    return (await this.repository.page(query)).map(viewOf);
  }

  /** @throws NotFoundError `no-such-message`. */
  async message(id: string): Promise<MessageView> {
    return viewOf((await this.repository.byId(id)) ?? noSuchMessage(id));
  }

  /** Every message through which an organisation was, or is to be, told; newest first. */
  async told(organisationCode: string, stretch?: Stretch): Promise<MessageView[]> {
    return (await this.repository.byOrganisation(organisationCode, stretch)).map(viewOf);
  }

  /** Every message to a person, or about one of their accounts; newest first. */
  async messagesOf(who: { personKey: string } | { accountId: string }): Promise<MessageView[]> {
    const rows =
      'personKey' in who
        ? await this.repository.byPerson(who.personKey)
        : await this.repository.byAccount(who.accountId);
    return rows.map(viewOf);
  }

  /** How many messages may or may not have arrived. */
  async unknownCount(): Promise<number> {
    return this.repository.unknownCount();
  }

  /** Messages that may or may not have arrived; oldest first. A person decides. */
  async unknowns(stretch?: Stretch): Promise<MessageView[]> {
    return (await this.repository.unknowns(stretch)).map(viewOf);
  }

  /**
   * Sends an unknown message (again), with the same Message-ID. `actor` is who decided that it may arrive twice. In the
   * caller's transaction when one is given. @throws ConflictError `not-unknown`, NotFoundError `no-such-message`.
   */
  async releaseUnknown<Tables>(id: string, actor: string, trx?: Transaction<Tables>): Promise<void> {
    await this.decide(id, 'queued', `released by ${actor}`, trx);
  }

  /** Writes down what became of an unknown message. The same transaction and errors. */
  async decideUnknown<Tables>(
    id: string,
    state: 'accepted' | 'failed',
    actor: string,
    trx?: Transaction<Tables>,
  ): Promise<void> {
    await this.decide(id, state, `decided by ${actor}`, trx);
  }

  /**
   * As a transport that was asked says of a message that was unknown since then. @returns false when it is no longer,
   * or has been sent and become unknown again.
   */
  async settleUnknown(id: string, since: Date, to: 'queued' | 'accepted' | 'failed', reason: string): Promise<boolean> {
    return this.repository.decide(id, to, reason, this.clock.now(), { since });
  }

  /** A report says that an accepted message did not arrive. `reason` holds no address. */
  async markBounced(id: string, reason: string): Promise<FeedbackResult> {
    return this.mark(id, 'bounced', reason);
  }

  /** The recipient reported the message as unwanted. `reason` holds no address. */
  async markComplained(id: string, reason: string): Promise<FeedbackResult> {
    return this.mark(id, 'complained', reason);
  }

  /** The rows that break a rule of the ledger; none in a sound one. */
  async faults(): Promise<LedgerFault[]> {
    return this.repository.faults();
  }

  private rowOf(dispatch: NewDispatch, message: NewMessage, ordinal: number): LedgerRow {
    if (!BARE_ADDRESS.test(message.address)) {
      throw new InvalidInputError('bad-message', `Message ${ordinal} of dispatch ${dispatch.id} has no usable address`);
    }
    const purpose = message.topic ? `${dispatch.purpose}:${message.topic}` : dispatch.purpose;
    return {
      id: messageIdOf(dispatch.campaignId, message.personKey, purpose),
      ordinal,
      person_key: message.personKey,
      purpose,
      account_ids: message.accountIds,
      organisation_codes: message.organisationCodes,
      route: message.route,
      segment: message.segment,
      address: message.address,
      address_hash: addressHash(message.address, this.config.secret),
      template: message.template,
      template_version: message.templateVersion,
      values: message.values,
      guard: message.guard ?? null,
    };
  }

  private async change<Tables>(
    batch: Batch,
    from: readonly DispatchState[],
    to: DispatchState,
    trx?: Transaction<Tables>,
  ): Promise<string[]> {
    return this.repository.changeDispatches(batch, from, to, this.clock.now(), trx);
  }

  private async decide<Tables>(
    id: string,
    to: 'queued' | 'accepted' | 'failed',
    reason: string,
    trx: Transaction<Tables> | undefined,
  ): Promise<void> {
    if (await this.repository.decide(id, to, reason, this.clock.now(), { trx })) return;
    const { state } = (await this.repository.byId(id, trx)) ?? noSuchMessage(id);
    throw new ConflictError('not-unknown', `Message ${id} is ${state}: only an unknown message can be decided`);
  }

  private async mark(id: string, to: 'bounced' | 'complained', reason: string): Promise<FeedbackResult> {
    if (await this.repository.move(id, to, reason, this.clock.now())) return 'marked';
    const row = await this.repository.byId(id);
    if (!row) return 'no-such-message';
    if (row.state === 'bounced' || row.state === 'complained') return 'already';
    const stillOpen: readonly MessageState[] = [...UNSENT_STATES, 'sending', 'unknown', 'accepted'];
    return stillOpen.includes(row.state) ? 'not-yet' : 'not-sent';
  }
}

function noSuchMessage(id: string): never {
  throw new NotFoundError('no-such-message', `There is no message ${id}`);
}

function viewOf(row: MessageRow): MessageView {
  return {
    id: row.id,
    campaignId: row.campaign_id,
    dispatchId: row.dispatch_id,
    purpose: row.purpose,
    personKey: row.person_key,
    accountIds: row.account_ids,
    organisationCodes: row.organisation_codes,
    route: row.route,
    segment: row.segment,
    address: row.address,
    template: row.template,
    templateVersion: row.template_version,
    values: row.values,
    state: row.state,
    attempt: row.attempt,
    dueAt: row.due_at,
    expiresAt: row.expires_at,
    nextAttemptAt: row.next_attempt_at,
    code: row.code,
    enhanced: row.enhanced,
    reason: row.reason,
    renderedSha256: row.rendered_sha256?.toString('hex') ?? null,
    transport: row.transport,
    acceptedAt: row.accepted_at,
    stateChangedAt: row.state_changed_at,
    redactedAt: row.redacted_at,
  };
}
