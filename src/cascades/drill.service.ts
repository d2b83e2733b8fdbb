import { Injectable } from '@nestjs/common';
import { type Transaction } from 'kysely';
import { v5 as uuidFrom, v7 as uuid } from 'uuid';
import { type Principal, requireRegion } from '../access/index.js';
import { BankHolidays } from '../deadlines/index.js';
import { Ledger, type NewMessage, senderOf } from '../delivery/index.js';
import { type Config, InjectConfig, publicUrlOf } from '../platform/config/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import { Clock } from '../shared/clock.js';
import { ConflictError, ForbiddenError, InvalidInputError } from '../shared/errors.js';
import { type OdsCode } from '../shared/ods-code.js';
import { FIRST_GENERATION, organisationLinkPath } from '../shared/organisation-link.js';
import { CascadeFreezer } from './cascade.freezer.js';
import { CascadeRepository } from './cascade.repository.js';
import { type CascadeTables } from './cascade.tables.js';
import { type Census, CensusService } from './census.service.js';
import { ContactPictureRepository, type Reached } from './contact-picture.repository.js';
import { type Addressee, EscalationRepository } from './escalation.repository.js';
import { FreezeRepository, type NewCascade } from './freeze.repository.js';
import { TREE_KINDS, type TreeKind } from './step.rules.js';
import { EVERYWHERE, treeOf, type TreeNode, type TreeScope } from './tree.rules.js';

export interface DrillScope {
  /** ODS codes; none is the whole country, or the one region to which the principal is confined. */
  readonly regions: readonly OdsCode[];
  /** Whether practices are written to as well, and not only regions and commissioners. */
  readonly practices: boolean;
  /** To how many people of each organisation it goes, in the order in which they are turned to. */
  readonly contacts: number;
  /** It leaves then or, outside sending hours, when the next begin; default: now. */
  readonly at?: Date;
}

/** What somebody agreed to who has seen what a drill would do. */
export interface AgreedDrill {
  /** How many emails; default: however many there are. */
  readonly messages?: number;
  /** The form on which the button was: however often it is pressed, there is one drill. */
  readonly form?: string;
}

/** What a drill would do. */
export interface DrillForecast {
  /** Organisations that are written to. */
  readonly organisations: Readonly<Record<TreeKind, number>>;
  readonly messages: number;
  readonly people: number;
  /** Organisations at which nobody can be written to: the drill finds them out before it begins. */
  readonly unreachable: number;
  readonly leavesAt: Date;
}

export const USUAL_DRILL_CONTACTS = 2;
export const MOST_DRILL_CONTACTS = 5;

/** Names drills by their forms. */
const DRILLS = '7e1d2c64-0b5f-5a3e-9c77-4f2a8d61b903';
const TEMPLATE = 'cascade-drill';
const SIGNED_BY = 'The CQRS team';

/** Rehearsals: an email without any content but a button, scored by how soon each organisation presses it. */
@Injectable()
export class DrillService {
  constructor(
    private readonly freezer: CascadeFreezer,
    private readonly tree: FreezeRepository,
    private readonly census: CensusService,
    private readonly picture: ContactPictureRepository,
    private readonly cascades: CascadeRepository,
    private readonly contacts: EscalationRepository,
    private readonly ledger: Ledger,
    private readonly templates: TemplateCatalogue,
    private readonly bankHolidays: BankHolidays,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * From the kept picture, or as long as an import is newer than that, from everybody afresh.
   * @throws InvalidInputError `no-such-region`, `drill-in-the-past`; ForbiddenError for another region than one's own.
   */
  async foresee(drill: DrillScope, principal: Principal): Promise<DrillForecast> {
    const leavesAt = this.leavesAt(drill);
    const kinds = TREE_KINDS.filter((kind) => drill.practices || kind !== 'practice');
    const nodes = treeOf(await this.tree.organisations(kinds), scopeOf(drill, principal));
    const codes = nodes.map(({ code }) => code);
    const reached = await this.picture.reached(codes, drill.contacts, this.clock.now());
    return forecastOf(nodes, drill, reached ?? reachedOf(await this.census.take(), codes, drill), leavesAt);
  }

  /**
   * Fixes the tree and plans the emails, both or neither. @returns the id of the drill: the same for the same form.
   * @throws as `foresee`; ForbiddenError `not-permitted`; ConflictError `nobody-to-write-to`, and `drill-has-changed`
   * when there are not as many emails as expected.
   */
  async start(
    name: string,
    drill: DrillScope,
    principal: Principal,
    { messages: expected, form }: AgreedDrill = {},
  ): Promise<string> {
    if (!principal.permissions.includes('cascade:operate')) {
      throw new ForbiddenError('not-permitted', 'A drill needs the permission cascade:operate');
    }
    const id = form === undefined ? uuid() : uuidFrom(`${principal.id}:${form}`, DRILLS);
    if (form !== undefined && (await this.cascades.find(id))) return id;
    const leavesAt = this.leavesAt(drill);
    const foreseen = await this.freezer.foresee(scopeOf(drill, principal));
    const asked = askedOf(foreseen.nodes, drill);
    const codes = asked.map(({ code }) => code);
    const { messages } = forecastOf(foreseen.nodes, drill, reachedOf(foreseen.census, codes, drill), leavesAt);
    if (messages === 0) throw new ConflictError('nobody-to-write-to', 'Nobody there can be written to by email');
    if (expected !== undefined && messages !== expected) {
      throw new ConflictError(
        'drill-has-changed',
        `The directory has changed since: the drill now has ${messages} emails, not ${expected}. Look at it again`,
      );
    }
    return this.freezer.drill({ id, name, foreseen, askedAt: leavesAt }, principal, (cascade, trx) =>
      this.write(cascade, asked, drill.contacts, leavesAt, trx),
    );
  }

  private async write(
    cascade: NewCascade,
    asked: readonly TreeNode[],
    contacts: number,
    dueAt: Date,
    trx: Transaction<CascadeTables>,
  ): Promise<void> {
    const nameOf = new Map(asked.map(({ code, name }) => [code, name]));
    const people = await this.contacts.addressees(cascade.id, [...nameOf.keys()], trx);
    const dispatch = {
      id: cascade.id,
      campaignId: cascade.id,
      purpose: 'drill',
      sharedValues: { sender: { name: SIGNED_BY, address: senderOf(this.config.mailFrom).mailbox.address } },
      dueAt,
      // An answer after that is late anyway.
      expiresAt: cascade.answerBy,
    };
    const messages = people
      .filter(({ rank }) => rank <= contacts)
      .map((to) => this.message(cascade, to, nameOf.get(to.code) ?? to.code));
    await this.ledger.plan(dispatch, messages, trx);
  }

  private message({ id, linksExpireAt: expiresAt }: NewCascade, to: Addressee, name: string): NewMessage {
    const organisation = to.code;
    const link = { purpose: 'answer', cascadeId: id, organisation, generation: FIRST_GENERATION, expiresAt } as const;
    const page = new URL(organisationLinkPath(link, this.config.secret), publicUrlOf(this.config));
    return {
      topic: organisation,
      personKey: to.personKey,
      accountIds: [to.accountId],
      organisationCodes: [organisation],
      route: 'direct',
      segment: null,
      address: to.address,
      template: TEMPLATE,
      templateVersion: this.templates.get(TEMPLATE).version,
      values: {
        person: { firstName: to.firstName, fullName: to.fullName },
        organisation: { code: organisation, name },
        links: { acknowledge: page.href },
      },
    };
  }

  private leavesAt({ at }: DrillScope): Date {
    const now = this.clock.now();
    if (at && at < now) {
      throw new InvalidInputError('drill-in-the-past', 'A drill cannot leave in the past: give a time from now on');
    }
    return this.bankHolidays.calendar.addWorkingHours(at ?? now, 0);
  }
}

function askedOf(nodes: readonly TreeNode[], { practices }: DrillScope): TreeNode[] {
  return nodes.filter(({ kind }) => practices || kind !== 'practice');
}

function reachedOf({ contacts }: Census, codes: readonly string[], { contacts: most }: DrillScope): Reached[] {
  return codes.flatMap((code) =>
    (contacts.get(code) ?? []).slice(0, most).map(({ personKey }) => ({ code, personKey })),
  );
}

function forecastOf(
  nodes: readonly TreeNode[],
  drill: DrillScope,
  reached: readonly Reached[],
  leavesAt: Date,
): DrillForecast {
  const missing = drill.regions.find((code) => !nodes.some((node) => node.kind === 'region' && node.code === code));
  if (missing !== undefined) throw new InvalidInputError('no-such-region', `${missing} is no region of England`);
  const written = new Set(reached.map(({ code }) => code));
  const asked = askedOf(nodes, drill);
  const of = (wanted: TreeKind): number =>
    asked.filter(({ kind, code }) => kind === wanted && written.has(code)).length;
  return {
    organisations: { region: of('region'), commissioner: of('commissioner'), practice: of('practice') },
    messages: reached.length,
    people: new Set(reached.map(({ personKey }) => personKey)).size,
    unreachable: asked.length - written.size,
    leavesAt,
  };
}

function scopeOf({ regions }: DrillScope, principal: Principal): TreeScope {
  if (principal.region === undefined) return { ...EVERYWHERE, regions };
  for (const region of regions) requireRegion(principal, region);
  return { ...EVERYWHERE, regions: [principal.region] };
}
