import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { v7 as uuid } from 'uuid';
import { AuditTrail, type Json } from '../access/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, NotFoundError } from '../shared/errors.js';
import { type OdsCode } from '../shared/ods-code.js';
import { BankHolidays } from './bank-holidays.js';
import {
  type BlockingPair,
  DeclarationRepository,
  type OrganisationBlockers,
  type Waiting,
} from './declaration.repository.js';
import { type Actor, isSilent } from './declaration.rules.js';
import { DeclarationWindowRepository, snapshotOf, type WindowChange } from './declaration-window.repository.js';
import {
  type DeclarationWindow,
  type MoveCutoffInput,
  moveCutoffSchema,
  noticesAbout,
  type WindowInput,
  windowInputSchema,
  type WindowNotice,
} from './declaration-window.rules.js';
import { type DeadlinesTables } from './deadlines.tables.js';
import { parseInput } from './input.schema.js';
import {
  type ReminderLadder,
  type ReminderPolicy,
  reminderPolicySchema,
  remindersFor,
} from './reminder-ladder.rules.js';

/** Who changes a window, as a principal's id (`person:…`, `key:…`, `system:…`), and why in their words. */
interface Change {
  readonly by: string;
  readonly reason: string;
}

/** How current it is what we know of declarations. */
export interface DeclarationReports {
  readonly heardAt: Date | null;
  readonly areSilent: boolean;
}

/**
 * The declaration windows, their reminders, and who holds payments up within them. A `reference` is a window's id or
 * its name; every method that takes one throws NotFoundError `window-not-found` for an unknown one.
 */
@Injectable()
export class DeadlinesService {
  constructor(
    private readonly windowsOf: DeclarationWindowRepository,
    private readonly declarations: DeclarationRepository,
    private readonly bankHolidays: BankHolidays,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws InvalidInputError `bad-declaration-window` naming each field at fault.
   * @throws ConflictError `window-name-taken`.
   */
  async createWindow(input: WindowInput, by: string): Promise<DeclarationWindow> {
    const { weekdays: _checked, ...fields } = parseInput('bad-declaration-window', windowInputSchema, input);
    const now = this.clock.now();
    const times = { timesSetAt: now, createdAt: now, updatedAt: now };
    const window: DeclarationWindow = { id: uuid(), ...fields, version: 1, ...times };
    await this.windowsOf.db.transaction().execute(async (trx) => {
      if (!(await this.windowsOf.insert(window, trx)))
        throw new ConflictError('window-name-taken', `There is already a declaration window named "${window.name}"`);
      await this.record('declaration-window.created', window, by, { name: window.name, ...timesOf(window) }, trx);
    });
    return window;
  }

  async window(reference: string): Promise<DeclarationWindow> {
    const window = await this.windowsOf.find(reference);
    if (!window) throw new NotFoundError('window-not-found', 'There is no declaration window of that id or name');
    return window;
  }

  /** All of them, the newest cutoff first. */
  async windows(): Promise<DeclarationWindow[]> {
    return this.windowsOf.list();
  }

  /** Those whose cutoff is still to come, the nearest first. */
  async openWindows(): Promise<DeclarationWindow[]> {
    return this.windowsOf.openAt(this.clock.now());
  }

  /** Every change since it was created, oldest first: what people were told at any version. */
  async history(reference: string): Promise<WindowChange[]> {
    return this.windowsOf.history((await this.window(reference)).id);
  }

  /**
   * Gives the window new times and keeps the old ones in its history. Reminders then start afresh: plan them with
   * `ladder`, and correct those who were told `before`.
   *
   * @throws InvalidInputError `bad-declaration-window`.
   * @throws ConflictError `window-unchanged` when the times are those it has, `window-changed` when it is no longer at
   * `expectedVersion`.
   */
  async moveCutoff(
    reference: string,
    input: MoveCutoffInput,
    expectedVersion: number,
    by: string,
  ): Promise<{ readonly before: DeclarationWindow; readonly after: DeclarationWindow }> {
    const { weekdays: _checked, reason, ...times } = parseInput('bad-declaration-window', moveCutoffSchema, input);
    const before = await this.window(reference);
    const now = this.clock.now();
    const after = { ...before, ...times, version: before.version + 1, timesSetAt: now, updatedAt: now };
    const isSame = JSON.stringify(timesOf(before)) === JSON.stringify(timesOf(after));
    // Whoever read an older version hears that first.
    if (isSame && before.version === expectedVersion)
      throw new ConflictError('window-unchanged', `Declaration window ${before.id} has these times already`);
    await this.change('declaration-window.moved', before, after, expectedVersion, { by, reason });
    return { before, after };
  }

  /** @throws as `moveCutoff` does. Steps that are due already by the new policy count as due. */
  async setReminderPolicy(
    reference: string,
    input: ReminderPolicy,
    expectedVersion: number,
    by: string,
  ): Promise<DeclarationWindow> {
    const reminderPolicy = parseInput('bad-declaration-window', reminderPolicySchema, input);
    const before = await this.window(reference);
    const after = { ...before, reminderPolicy, version: before.version + 1, updatedAt: this.clock.now() };
    await this.change('declaration-window.reminders-set', before, after, expectedVersion, { by, reason: '' });
    return after;
  }

  /** When to remind before the window's cutoff, as it stands. */
  ladder(window: DeclarationWindow): ReminderLadder {
    return remindersFor(window, this.bankHolidays.calendar, window.reminderPolicy, window.timesSetAt);
  }

  /** What is worth a look before people are told these dates. */
  notices(window: DeclarationWindow): WindowNotice[] {
    return noticesAbout(window, this.bankHolidays.calendar);
  }

  /** Every practice that somebody holds up within the window, in code order, with the services and who must act. */
  async blockers(reference: string): Promise<OrganisationBlockers[]> {
    return this.declarations.blockers(await this.window(reference));
  }

  /** The same of one practice: empty when nobody holds it up. */
  async blockersOf(organisationCode: string, reference: string): Promise<OrganisationBlockers[]> {
    return this.declarations.blockers(await this.window(reference), organisationCode);
  }

  /** How many practices have something to declare within the window, and how many commissioners to approve; of a region. */
  async waiting(reference: string, region?: string): Promise<Waiting> {
    return this.declarations.waiting(await this.window(reference), region);
  }

  /** When a report of declarations last came (null: none ever has), and whether they have stayed away since. */
  async declarationReports(): Promise<DeclarationReports> {
    const heardAt = await this.declarations.heardAt();
    return { heardAt, areSilent: isSilent(heardAt, this.clock.now(), this.bankHolidays.calendar) };
  }

  /**
   * Open GP practices, of a region or of all, about which no feed has said anything within the window: nobody can say
   * whether they block.
   */
  async practicesWithoutStatus(reference: string, region?: string): Promise<OdsCode[]> {
    return this.declarations.practicesWithoutStatus(await this.window(reference), region);
  }

  /** `stillBlocking` for one. */
  async stillBlocks(reference: string, organisationCode: string, actor: Actor): Promise<boolean> {
    return (await this.stillBlocking(reference, [{ organisationCode, actor }])).length > 0;
  }

  /**
   * Asked again right before sending: which of the pairs still hold a payment up, in the order given. A practice blocks
   * as `practice` while it has something to declare. For `commissioner` the code is a commissioner's, which blocks
   * while any practice of it waits for it, or a practice's, which asks about that one alone.
   */
  async stillBlocking(reference: string, pairs: readonly BlockingPair[]): Promise<BlockingPair[]> {
    return this.declarations.stillBlocking(await this.window(reference), pairs);
  }

  private async change(
    action: string,
    before: DeclarationWindow,
    after: DeclarationWindow,
    expectedVersion: number,
    { by, reason }: Change,
  ): Promise<void> {
    await this.windowsOf.db.transaction().execute(async (trx) => {
      const current = before.version === expectedVersion;
      if (!current || !(await this.windowsOf.change(before, after, { by, reason }, trx)))
        throw new ConflictError(
          'window-changed',
          `Declaration window ${before.id} has changed since you read it: read it again`,
        );
      const details = { version: after.version, reason, before: timesOf(before), after: timesOf(after) };
      await this.record(action, after, by, details, trx);
    });
  }

  private async record(
    action: string,
    window: DeclarationWindow,
    actor: string,
    details: Record<string, Json>,
    trx: Transaction<DeadlinesTables>,
  ): Promise<void> {
    await this.audit.record({ actor, action, subject: `declaration-window:${window.id}`, details }, trx);
  }
}

function timesOf(window: DeclarationWindow) {
  const { reminderPolicy: _policy, ...times } = snapshotOf(window);
  return times;
}
