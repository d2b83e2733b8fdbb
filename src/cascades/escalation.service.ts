import { Injectable } from '@nestjs/common';
import { v5 as uuidFrom } from 'uuid';
import { BankHolidays } from '../deadlines/index.js';
import { Ledger, type NewMessage, senderOf } from '../delivery/index.js';
import { type Config, InjectConfig, publicUrlOf } from '../platform/config/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import { Clock } from '../shared/clock.js';
import { groupBy } from '../shared/group-by.js';
import { organisationLinkPath } from '../shared/organisation-link.js';
import { type CascadeRow } from './cascade.repository.js';
import { RequestContents, type RequestContent } from './escalation.mail.js';
import { type Addressee, EscalationRepository, type Launch } from './escalation.repository.js';
import { type DueRung, nextRung, type NextRung, type Owing, rungsDue } from './escalation.rules.js';
import { type TreeKind } from './step.rules.js';

/** Names dispatches the same way each time. */
const DISPATCHES = '0c8a3c1e-5d1b-5f57-8f0b-6f3a1c9e2d44';
const TEAM = 'cqrs-team';

/** Several rungs that one message carries: those of a region, or of the whole country. */
interface Mailing {
  readonly purpose: string;
  readonly rungs: readonly DueRung[];
  readonly letters: readonly Letter[];
}

export interface Letter {
  readonly to: Pick<Addressee, 'personKey' | 'firstName' | 'fullName' | 'address'> & { readonly accountId?: string };
  /** The organisation that is told through it; its link is in the letter. */
  readonly organisation: { readonly code: string; readonly linkGeneration: number } | undefined;
  readonly content: RequestContent;
}

/** Takes further what nobody answers or acts on, in working hours, through the ledger; stops when an answer comes. */
@Injectable()
export class EscalationService {
  constructor(
    private readonly repository: EscalationRepository,
    private readonly ledger: Ledger,
    private readonly templates: TemplateCatalogue,
    private readonly bankHolidays: BankHolidays,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** One round for one cascade. @returns how many messages it planned. */
  async run(cascade: CascadeRow): Promise<number> {
    const now = this.clock.now();
    const launch = await this.repository.launch(cascade.id);
    if (!launch || !mayEscalate(launch, now)) return 0;
    const owing = await this.repository.owing(cascade.id, launch.at);
    const due = rungsDue(owing, cascade.policy, now, this.bankHolidays.calendar);
    let planned = 0;
    if (due.length > 0) {
      const contents = new RequestContents(await this.repository.figures(cascade.id));
      for (const mailing of await this.mailings(cascade, due, contents)) {
        const codes = new Set(mailing.rungs.map(({ code }) => code));
        const seen = owing.filter(({ code }) => codes.has(code));
        planned += await this.send(cascade, launch, mailing, seen);
      }
    }
    return planned + (await this.writeToPractices(cascade, launch));
  }

  /** What `run` would do next about each organisation that goes on as it is, and when; by code. */
  async foresee({ id, policy, closed_at: closedAt }: CascadeRow): Promise<Map<string, NextRung>> {
    const launch = closedAt === null ? await this.repository.launch(id) : undefined;
    const { calendar } = this.bankHolidays;
    if (!launch || !mayEscalate(launch, calendar.addWorkingHours(this.clock.now(), 0))) return new Map();
    const owing = await this.repository.owing(id, launch.at);
    return new Map(
      owing.flatMap((organisation) => {
        const next = nextRung(organisation, policy, calendar);
        return next ? [[organisation.code, next]] : [];
      }),
    );
  }

  /**
   * Unsent messages about organisations that have all answered are stopped.
   * @param code only messages that are about this organisation among others; default: all. @returns how many.
   */
  async stopAnswered(cascadeId: string, code?: string): Promise<number> {
    return this.repository.db.transaction().execute(async (trx) => {
      const { purposes, practices } = await this.repository.takeAnswered(cascadeId, this.clock.now(), code, trx);
      let stopped = 0;
      if (purposes.length > 0) {
        stopped += await this.ledger.cancelUnsent({ campaignId: cascadeId, purposes }, 'answered', trx);
      }
      if (practices.length > 0) {
        const filter = { campaignId: cascadeId, organisationCodes: practices };
        stopped += await this.ledger.cancelUnsent(filter, 'answered', trx);
      }
      return stopped;
    });
  }

  private async mailings(
    { id, policy }: CascadeRow,
    due: readonly DueRung[],
    contents: RequestContents,
  ): Promise<Mailing[]> {
    const at = minuteOf(this.clock.now());
    const regionOf = (code: string): string | null => contents.get(code)?.regionCode ?? null;
    const deputies = due.filter(({ target }) => target === 'deputy');
    const parents = groupBy(
      due.filter(({ target }) => target === 'parent'),
      ({ code }) => regionOf(code) ?? '',
    );
    const team = due.filter(({ target }) => target === 'team');
    const past = due.filter(({ target }) => target === 'practices');
    const addressees = groupBy(
      await this.repository.addressees(id, [...deputies.map(({ code }) => code), ...parents.keys()]),
      ({ code }) => code,
    );
    return [
      ...deputies.map((rung) => ({
        purpose: `escalation:deputy:${rung.code}:${at}`,
        rungs: [rung],
        letters: (addressees.get(rung.code) ?? [])
          .filter(({ rank }) => rank > 1)
          .slice(0, policy.mostContacts)
          .flatMap((to) => letter(to, rung.code, contents)),
      })),
      ...[...parents].map(([region, rungs]) => ({
        purpose: `escalation:parent:${region}:${at}:${firstOf(rungs)}`,
        rungs,
        letters: (addressees.get(region) ?? []).slice(0, policy.mostContacts).flatMap((to) =>
          letter(
            to,
            region,
            contents,
            rungs.map(({ code }) => code),
          ),
        ),
      })),
      ...(team.length === 0 ? [] : [this.toTeam(team, contents, at)]),
      ...past.map((rung) => ({ purpose: `escalation:practices:${rung.code}`, rungs: [rung], letters: [] })),
    ];
  }

  private toTeam(rungs: readonly DueRung[], contents: RequestContents, at: string): Mailing {
    const commissioners = rungs.flatMap(({ code, kind }) =>
      kind === 'commissioner' ? [code] : contents.commissionersOf(code),
    );
    const { address } = senderOf(this.config.mailFrom).mailbox;
    return {
      purpose: `escalation:team:${at}:${firstOf(rungs)}`,
      rungs,
      letters: [
        {
          to: { personKey: TEAM, firstName: 'CQRS team', fullName: 'CQRS team', address },
          organisation: undefined,
          content: contents.aboutCommissioners({ code: 'ENGLAND', name: 'England' }, [...new Set(commissioners)]),
        },
      ],
    };
  }

  /** Nothing when somebody has answered, or another scheduler gone on, since they were seen: the next round looks again. */
  private async send(cascade: CascadeRow, launch: Launch, mailing: Mailing, seen: readonly Owing[]): Promise<number> {
    return this.repository.db.transaction().execute(async (trx) => {
      if (!(await this.repository.lockUnchanged(cascade.id, seen, trx))) return 0;
      const at = this.clock.now();
      const { purpose, rungs, letters } = mailing;
      if (letters.length > 0) {
        await this.ledger.plan(
          this.dispatch(cascade.id, launch, purpose),
          this.messages(cascade, launch, letters),
          trx,
        );
      }
      for (const rung of rungs) {
        const messages =
          rung.target === 'practices'
            ? await this.repository.writeDirectlyTo(cascade.id, rung.code, trx)
            : letters.length;
        await this.repository.recordRung(cascade.id, rung, { purpose, messages, at }, trx);
      }
      return letters.length;
    });
  }

  /** Past the commissioners: one message to each contact of each practice that nobody passed the message on to. */
  private async writeToPractices(cascade: CascadeRow, launch: Launch): Promise<number> {
    const now = this.clock.now();
    if (!this.bankHolidays.calendar.isWithinSendingHours(now)) return 0;
    return this.repository.db.transaction().execute(async (trx) => {
      const codes = await this.repository.lockToWriteTo(cascade.id, cascade.policy.mostPerRun, trx);
      const [first] = codes;
      if (first === undefined) return 0;
      const contents = new RequestContents(await this.repository.figures(cascade.id, trx));
      const chosen = (await this.repository.addressees(cascade.id, codes, trx)).filter(
        ({ rank }) => rank <= cascade.policy.mostContacts,
      );
      // A person has one message for each purpose, so the second practice of the same person goes by the second purpose.
      const rounds = groupBy(
        chosen,
        occurrence((addressee) => addressee.personKey),
      );
      const purpose = `escalation:practices:${minuteOf(now)}:${first}`;
      let planned = 0;
      for (const [round, addressees] of rounds) {
        const letters = addressees.flatMap((to) => letter(to, to.code, contents));
        await this.ledger.plan(
          this.dispatch(cascade.id, launch, `${purpose}:${round}`),
          this.messages(cascade, launch, letters),
          trx,
        );
        planned += letters.length;
      }
      await this.repository.markWritten(cascade.id, codes, { purpose, at: now }, trx);
      return planned;
    });
  }

  /** A mailing of a cascade, for the ledger: the same purpose gives the same one. */
  dispatch(cascadeId: string, { sharedValues, expiresAt }: Launch, purpose: string, dueAt = this.clock.now()) {
    const id = uuidFrom(`${cascadeId}:${purpose}`, DISPATCHES);
    return { id, campaignId: cascadeId, purpose, sharedValues, dueAt, expiresAt };
  }

  messages(cascade: CascadeRow, launch: Launch, letters: readonly Letter[]): NewMessage[] {
    const links = launch.sharedValues['links'] as Readonly<Record<string, string>>;
    return letters.map(({ to, organisation, content }) => ({
      personKey: to.personKey,
      accountIds: to.accountId === undefined ? [] : [to.accountId],
      organisationCodes: organisation ? [organisation.code] : [],
      route: content.route,
      segment: null,
      address: to.address,
      template: content.template,
      templateVersion: this.templates.get(content.template).version,
      values: {
        ...content.values,
        person: { firstName: to.firstName, fullName: to.fullName },
        links: organisation ? { ...links, acknowledge: this.linkOf(cascade, organisation) } : links,
      },
    }));
  }

  private linkOf(
    { id, links_expire_at }: CascadeRow,
    { code, linkGeneration }: { readonly code: string; readonly linkGeneration: number },
  ): string {
    const link = {
      purpose: 'answer' as const,
      cascadeId: id,
      organisation: code,
      generation: linkGeneration,
      expiresAt: links_expire_at,
    };
    return new URL(organisationLinkPath(link, this.config.secret), publicUrlOf(this.config)).href;
  }
}

/** Whether anybody may still be written to about the request. */
export function mayEscalate({ campaignState, expiresAt }: Launch, now: Date): boolean {
  return ['sending', 'finished'].includes(campaignState) && (expiresAt === null || now < expiresAt);
}

/** There are two rounds a minute: the first of whom a mailing is about tells it from that of the other round. */
function firstOf(rungs: readonly DueRung[]): string {
  return rungs[0]?.code ?? '';
}

function minuteOf(instant: Date): string {
  return instant.toISOString().slice(0, 16);
}

export function letter(to: Addressee, code: string, contents: RequestContents, about?: readonly string[]): Letter[] {
  const figure = contents.get(code);
  if (!figure) return [];
  const content: Record<TreeKind, () => RequestContent> = {
    region: () => contents.aboutCommissioners(figure, about ?? contents.commissionersOf(code)),
    commissioner: () => contents.toCommissioner(figure),
    practice: () => contents.toPractice(figure),
  };
  return [{ to, organisation: figure, content: content[figure.kind]() }];
}

/** A key function that numbers the items with one mark from 1. */
function occurrence<T>(markOf: (item: T) => string): (item: T) => number {
  const seen = new Map<string, number>();
  return (item) => {
    const number = (seen.get(markOf(item)) ?? 0) + 1;
    seen.set(markOf(item), number);
    return number;
  };
}
