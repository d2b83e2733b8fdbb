import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import nunjucks, { type Environment } from 'nunjucks';
import { type Permission, type Principal } from '../access/index.js';
import { STEP_ACTION_WORDS } from '../cascades/index.js';
import { type Config, InjectConfig, isCaptured } from '../platform/config/index.js';
import { formatDateTime, formatLongDate, formatTimeOfDay, LondonTime } from '../shared/london-time.js';
import { COVERAGE_TAGS, ESCALATION_CAUSE_WORDS, STEP_STATE_TAGS } from './cascade.words.js';
import { blockReason, messageReason } from './message.words.js';
import { navigationFor } from './navigation.js';
import { type Heading, stackedRows } from './stacked-rows.js';
import {
  CAMPAIGN_KIND_WORDS,
  CAMPAIGN_STATE_TAGS,
  CQRS_ROLE_WORDS,
  DECLARATION_TAGS,
  IMPORT_KIND_WORDS,
  MESSAGE_STATE_TAGS,
  ORGANISATION_KIND_WORDS,
  purposeWords,
  REPORT_KIND_WORDS,
  reviewReason,
  ROLE_WORDS,
  SEGMENT_WORDS,
} from './words.js';

/** The folder of nhsuk-frontend's `nhsuk/` templates, styles and images. */
export const NHSUK = dirname(dirname(createRequire(import.meta.url).resolve('nhsuk-frontend/dist/nhsuk/template.njk')));

/** The one script that nhsuk-frontend's page template holds itself; our content security policy allows it by its hash. */
const TEMPLATE_SCRIPT =
  "document.body.className += ' js-enabled' + ('noModule' in HTMLScriptElement.prototype ? ' nhsuk-frontend-supported' : '');";
export const TEMPLATE_SCRIPT_HASH = `'sha256-${createHash('sha256').update(TEMPLATE_SCRIPT).digest('base64')}'`;

const WORDS = {
  segments: SEGMENT_WORDS,
  campaignStates: CAMPAIGN_STATE_TAGS,
  campaignKinds: CAMPAIGN_KIND_WORDS,
  messageStates: MESSAGE_STATE_TAGS,
  declarations: DECLARATION_TAGS,
  organisationKinds: ORGANISATION_KIND_WORDS,
  cqrsRoles: CQRS_ROLE_WORDS,
  importKinds: IMPORT_KIND_WORDS,
  reportKinds: REPORT_KIND_WORDS,
  roles: ROLE_WORDS,
  stepStates: STEP_STATE_TAGS,
  coverages: COVERAGE_TAGS,
  stepActions: STEP_ACTION_WORDS,
  escalationCauses: ESCALATION_CAUSE_WORDS,
};

/** Who looks at a page, and the token that its forms carry. */
export interface Frame {
  readonly principal: Principal;
  readonly csrf: string;
  /** That all mail is stopped, and who did it why. */
  readonly stop?: { readonly since: Date; readonly reason: string; readonly who: string };
}

/** Turns a view and its values into a page. Everything is escaped unless a view says otherwise. */
@Injectable()
export class Pages {
  private readonly environment: Environment;

  constructor(@InjectConfig() config: Config) {
    const loader = new nunjucks.FileSystemLoader([join(import.meta.dirname, 'views'), NHSUK, join(NHSUK, 'nhsuk')], {
      noCache: false,
    });
    this.environment = new nunjucks.Environment(loader, { autoescape: true, throwOnUndefined: false });
    this.environment.addGlobal('words', WORDS);
    this.environment.addGlobal('inTrial', config.trialMode && !isCaptured(config));
    this.environment.addFilter('trim', trimmed);
    this.environment.addFilter('number', (value: number) => value.toLocaleString('en-GB'));
    this.environment.addFilter('count', countOf);
    // Times always carry their zone: London's, in words.
    this.environment.addFilter('londonTime', inLondon);
    this.environment.addFilter('shortTime', (value: Date | string) => shortTime(wallClockOf(value)));
    this.environment.addFilter('wallTime', (value: LondonTime | string) =>
      inWords(typeof value === 'string' ? LondonTime.parse(value) : value),
    );
    this.environment.addFilter('longDate', formatLongDate);
    this.environment.addFilter('purpose', purposeWords);
    this.environment.addFilter('reviewReason', reviewReason);
    this.environment.addFilter('blockReason', blockReason);
    this.environment.addFilter('messageReason', (reason: string) => messageReason(reason));
    this.environment.addFilter(
      'stackedRows',
      (rows: { toString(): string }, head: readonly Heading[]) =>
        new nunjucks.runtime.SafeString(stackedRows(rows.toString(), head)),
    );
  }

  /** Without a frame the page has no navigation: nobody is known to look at it. */
  render(view: string, values: Readonly<Record<string, unknown>> = {}, frame?: Frame): string {
    const known = frame && {
      csrf: frame.csrf,
      principal: frame.principal,
      stop: frame.stop,
      navigation: navigationFor(frame.principal, values.section),
      may: (permission: Permission) => frame.principal.permissions.includes(permission),
    };
    return this.environment.render(`${view}.njk`, { may: () => false, ...known, ...values, assetPath: '/assets' });
  }
}

/** "1 person", "2 people". */
export function countOf(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en-GB')} ${number === 1 ? one : many}`;
}

/** The instant as people say it, to the minute. */
export function inLondon(instant: Date | string): string {
  return inWords(wallClockOf(instant));
}

function inWords(time: LondonTime): string {
  return `${formatDateTime(time)} (London time)`;
}

/** For tables whose heading names the zone. */
function shortTime(time: LondonTime): string {
  const [, day = '', month = '', year = ''] = formatLongDate(time).split(' ');
  return `${day} ${month.slice(0, 3)} ${year}, ${formatTimeOfDay(time)}`;
}

function wallClockOf(value: Date | string): LondonTime {
  return LondonTime.minuteOf(new Date(value));
}

/**
 * In place of Nunjucks' own, whose expression takes time that grows with the square of the white space: the form of a
 * window took 150 ms, nearly all of it in there.
 */
function trimmed(text: unknown): unknown {
  const { SafeString } = nunjucks.runtime;
  if (text instanceof SafeString) return new SafeString(text.toString().trim());
  return typeof text === 'string' ? text.trim() : text;
}
