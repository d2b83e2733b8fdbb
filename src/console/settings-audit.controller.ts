import { Get, Query } from '@nestjs/common';
import { z } from 'zod';
import {
  type AuditEntry,
  type AuditQuery,
  AuditTrail,
  People,
  type Principal,
  RequirePermission,
} from '../access/index.js';
import { addDays, calendarDateSchema, LondonTime } from '../shared/london-time.js';
import { actionOf, AUDIT_AREA_NAMES, AUDIT_AREAS, subjectOf } from './audit.words.js';
import { actorWords, NAMELESS } from './words.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { faultsOf, type FormFaults, NO_FAULTS } from './form.faults.js';
import { searchText } from './form.text.js';
import { type Frame, Pages } from './pages.js';
import { SendingReads } from './sending.reads.js';

const PAGE = 50;
/** Whoever looks for more people than these has typed too little of a name. */
const PEOPLE_SEARCHED = 50;

const trailSchema = z.object({
  before: z.coerce.number().int().positive().optional().catch(undefined),
  who: searchText,
  area: z.enum(AUDIT_AREA_NAMES).optional().catch(undefined),
  from: searchText,
  to: searchText,
  subject: searchText,
  verify: z.literal('yes').optional().catch(undefined),
});
type Asked = z.infer<typeof trailSchema>;

/** Who did what, when; and whether the trail is whole. */
@ConsoleController('settings/audit')
@RequirePermission('audit:read')
export class SettingsAuditController {
  constructor(
    private readonly audit: AuditTrail,
    private readonly people: People,
    private readonly sending: SendingReads,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async trail(@Query({ schema: trailSchema }) { verify, ...asked }: Asked, @PageFrame() frame: Frame): Promise<string> {
    const { filter, faults } = await this.filterOf(asked, frame.principal);
    const rows = filter ? await this.audit.entries({ ...filter, limit: PAGE + 1 }) : [];
    const entries = rows.slice(0, PAGE);
    const last = rows.length > PAGE ? entries.at(-1) : undefined;
    const values = {
      title: 'Audit trail',
      section: 'settings',
      faults,
      asked,
      isFiltered: Object.values({ ...asked, before: undefined }).some((value) => value !== undefined && value !== ''),
      areas: Object.entries(AUDIT_AREAS).map(([value, text]) => ({ value, text, selected: value === asked.area })),
      verdict: verify && (await this.audit.verify()),
      entries: await this.shown(entries),
      next: last && `/settings/audit?${queryOf({ ...asked, before: last.sequence })}`,
    };
    return this.pages.render('audit', values, frame);
  }

  /** No filter where what was typed cannot be one. */
  private async filterOf(
    { before, who, area, from, to, subject }: Asked,
    principal: Principal,
  ): Promise<{ filter?: Omit<AuditQuery, 'limit'>; faults: FormFaults }> {
    const [first, last] = [dayOf(from), dayOf(to)];
    const wrong = [
      ...(first === null ? [{ field: 'from', message: 'Enter a real date from which to show entries' }] : []),
      ...(last === null ? [{ field: 'to', message: 'Enter a real date up to which to show entries' }] : []),
    ];
    if (first === null || last === null) return { faults: faultsOf(wrong) };
    const filter = {
      ...(who !== '' && { actors: await this.actorsNamed(who, principal) }),
      ...(area && { area }),
      ...(first && { from: LondonTime.at(first, '00:00').toInstant() }),
      ...(last && { until: LondonTime.at(addDays(last, 1), '00:00').toInstant() }),
      ...(subject !== '' && { subject }),
      ...(principal.region !== undefined && { region: principal.region }),
      ...(before !== undefined && { before }),
    };
    return { filter, faults: NO_FAULTS };
  }

  /** A part of the name of people, the id of an API key, "service" for what happens by itself, or "terminal". */
  private async actorsNamed(who: string, principal: Principal): Promise<string[]> {
    const people = await this.people.list(principal, undefined, PEOPLE_SEARCHED, who);
    const wanted = who.toLowerCase();
    const nameless = Object.entries(NAMELESS).filter(([name]) => name.toLowerCase().includes(wanted));
    const others = nameless.flatMap(([, actors]) => actors);
    return [who, `key:${wanted}`, ...people.map(({ id }) => `person:${id}`), ...others];
  }

  private async shown(entries: readonly AuditEntry[]) {
    const names = new Map([
      ...(await this.sending.actorNames(entries.flatMap(({ actor, subject }) => [actor, subject]))),
      ...(await this.sending.campaignNames(entries.map(({ subject }) => subject))),
    ]);
    return entries.map((entry) => ({
      ...entry,
      who: names.get(entry.actor) ?? actorWords(entry.actor),
      what: actionOf(entry.action),
      about: subjectOf(entry, names),
      details: Object.entries(entry.details).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    }));
  }
}

/** Undefined where nothing was asked, null where it is no date. */
function dayOf(text: string) {
  if (text === '') return undefined;
  const parsed = calendarDateSchema.safeParse(text);
  return parsed.success ? parsed.data : null;
}

function queryOf(asked: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  return query.toString();
}
