import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { AuditTrail, type Principal, requireRegion } from '../access/index.js';
import { BankHolidays } from '../deadlines/index.js';
import { Ledger } from '../delivery/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, ForbiddenError } from '../shared/errors.js';
import { groupBy } from '../shared/group-by.js';
import { LondonTime } from '../shared/london-time.js';
import { CascadeService } from './cascade.service.js';
import { type CascadeTables } from './cascade.tables.js';
import { RequestContents } from './escalation.mail.js';
import { type Addressee, EscalationRepository, type Launch } from './escalation.repository.js';
import { EscalationService, letter, mayEscalate } from './escalation.service.js';
import { NudgeRepository } from './nudge.repository.js';

/** What a nudge would do: whom it writes to, and whom it leaves out. */
export interface Nudge {
  /** The regions and commissioners that are written to, in code order, with how many emails each gets. */
  readonly organisations: readonly { readonly code: string; readonly messages: number }[];
  readonly messages: number;
  readonly people: number;
  /** Silent ones at which nobody can be written to: somebody has to call them. */
  readonly unreachable: readonly string[];
  /** Silent ones that were nudged today already. */
  readonly nudgedToday: readonly string[];
  /** When the emails leave: now, or when the next sending hours begin. */
  readonly leavesAt: Date;
}

/** Writes once more to the contacts of regions and commissioners that have not answered: at most once a London day. */
@Injectable()
export class NudgeService {
  constructor(
    private readonly repository: NudgeRepository,
    private readonly escalations: EscalationRepository,
    private readonly escalation: EscalationService,
    private readonly cascades: CascadeService,
    private readonly ledger: Ledger,
    private readonly bankHolidays: BankHolidays,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** @param only of these codes; default: everybody who is silent. Undefined when nothing may be sent (any more). */
  async foresee(cascadeId: string, only?: readonly string[]): Promise<Nudge | undefined> {
    const leavesAt = this.leavesAt();
    if (!isOpen(await this.escalations.launch(cascadeId), leavesAt)) return undefined;
    const silent = (await this.repository.silent(cascadeId)).filter((code) => only?.includes(code) ?? true);
    const { policy } = await this.cascades.get(cascadeId);
    const nudged = await this.repository.nudgedSince(cascadeId, this.today());
    const open = silent.filter((code) => !nudged.has(code));
    const addressees = await this.contactsOf(cascadeId, open, policy.mostContacts);
    const all = [...addressees.values()].flat();
    return {
      organisations: [...addressees].map(([code, people]) => ({ code, messages: people.length })),
      messages: all.length,
      people: new Set(all.map(({ personKey }) => personKey)).size,
      unreachable: open.filter((code) => !addressees.has(code)),
      nudgedToday: silent.filter((code) => nudged.has(code)),
      leavesAt,
    };
  }

  /**
   * Writes to those of the organisations that are still silent and were not nudged today. An answer stops what has not
   * left. @returns how many organisations and messages that are.
   * @throws ForbiddenError `not-permitted`, and for an organisation outside the principal's region; ConflictError
   * `nothing-to-nudge` when nothing may be sent any more, or to none of them.
   */
  async nudge(
    cascadeId: string,
    codes: readonly string[],
    principal: Principal,
  ): Promise<{ organisations: number; messages: number }> {
    if (!principal.permissions.includes('cascade:operate')) {
      throw new ForbiddenError('not-permitted', 'Nudging needs the permission cascade:operate');
    }
    const cascade = await this.cascades.get(cascadeId);
    for (const code of codes) {
      const { region_code: region } = await this.cascades.organisation(cascadeId, code);
      requireRegion(principal, region);
    }
    const launch = await this.escalations.launch(cascadeId);
    const leavesAt = this.leavesAt();
    if (!isOpen(launch, leavesAt)) throw nothingToNudge();
    const contents = new RequestContents(await this.escalations.figures(cascadeId));
    const at = this.clock.now();
    return this.repository.db.transaction().execute(async (trx) => {
      const silent = await this.repository.lockSilent(cascadeId, codes, trx);
      const nudged = await this.repository.nudgedSince(cascadeId, this.today(), trx);
      const open = silent.filter((code) => !nudged.has(code));
      const addressees = await this.contactsOf(cascadeId, open, cascade.policy.mostContacts, trx);
      if (addressees.size === 0) throw nothingToNudge();
      let messages = 0;
      for (const [code, people] of addressees) {
        const purpose = `nudge:${code}:${at.toISOString().slice(0, 16)}`;
        const letters = people.flatMap((to) => letter(to, code, contents));
        const dispatch = this.escalation.dispatch(cascadeId, launch, purpose, leavesAt);
        await this.ledger.plan(dispatch, this.escalation.messages(cascade, launch, letters), trx);
        const step = { code, purpose, messages: letters.length, at, actor: principal.id };
        await this.repository.record(cascadeId, step, trx);
        messages += letters.length;
      }
      const details = { organisations: [...addressees.keys()], messages };
      const entry = { actor: principal.id, action: 'cascade.nudged', subject: `cascade:${cascadeId}`, details };
      await this.audit.record(entry, trx);
      return { organisations: addressees.size, messages };
    });
  }

  private async contactsOf(
    cascadeId: string,
    codes: readonly string[],
    most: number,
    trx?: Transaction<CascadeTables>,
  ) {
    const addressees = await this.escalations.addressees(cascadeId, codes, trx);
    return groupBy<Addressee, string>(
      addressees.filter(({ rank }) => rank <= most),
      ({ code }) => code,
    );
  }

  private leavesAt(): Date {
    return this.bankHolidays.calendar.addWorkingHours(this.clock.now(), 0);
  }

  private today(): Date {
    return LondonTime.at(LondonTime.fromInstant(this.clock.now()).date, '00:00').toInstant();
  }
}

function isOpen(launch: Launch | undefined, leavesAt: Date): launch is Launch {
  return launch !== undefined && mayEscalate(launch, leavesAt);
}

function nothingToNudge(): ConflictError {
  return new ConflictError(
    'nothing-to-nudge',
    'Nobody was written to: they have answered, were written to today, or nobody there can be reached by email',
  );
}
