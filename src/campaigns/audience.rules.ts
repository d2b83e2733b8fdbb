import { type OrganisationKind } from '../directory/index.js';
import { domainIsWithin, parseEmailAddress } from '../shared/email-address.js';
import { addressedAs } from '../shared/person-name.js';
import { type Segment } from '../segments/index.js';
import { type CampaignKind, CLEARING_ROLES, KINDS, NOT_MAILED, SIGN_IN_TEMPLATES } from './campaign.kinds.js';
import { type CampaignAudience } from './campaign.schema.js';
import { type AllDates, samePayment, type ToldDates } from './correction.rules.js';
import { type Obligation, type PlannedRecipient, type Route } from './recipient.types.js';

export interface AudienceOrganisation {
  readonly code: string;
  readonly name: string;
  readonly kind: OrganisationKind;
  readonly active: boolean;
  readonly regionCode: string | null;
  readonly commissionerCode: string | null;
}

export interface AudienceAccount {
  readonly id: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string | null;
  readonly segment: Segment;
  readonly rule: string;
  readonly memberships: readonly { readonly organisation: AudienceOrganisation; readonly roles: readonly string[] }[];
}

/** One human being or mailbox, with every account that is theirs. */
export interface AudiencePerson {
  readonly key: string;
  /** The instruction that the person gets: the lead account's segment. */
  readonly segment: Segment;
  /** The account that speaks for the person first. */
  readonly accounts: readonly AudienceAccount[];
}

/** What the rules need to know beside the person. */
export interface AudienceContext {
  readonly kind: CampaignKind;
  readonly audience: CampaignAudience;
  /** The dates of the window that somebody with these accounts was told and that are wrong now. */
  readonly wrongDates: (accountIds: readonly string[]) => AllDates | undefined;
  /** The window's payment dates now. */
  readonly dates: ToldDates;
  /** Addresses (normalised) that may not be written to now, with the reason. */
  readonly suppressed: ReadonlyMap<string, string>;
  /** Whether the template is optional and the address (normalised) has opted out of what is. */
  readonly declines: (address: string, template: string) => boolean;
  /** Commissioners that a cascade can reach: at least one of their people can be written to. */
  readonly cascadingCommissioners: ReadonlySet<string>;
  /** What the email about an organisation says of the practices below it. */
  readonly worklist: (organisation: AudienceOrganisation) => Readonly<Record<string, unknown>>;
}

/** Every email the person gets in this campaign, or one line that says why none; nothing when they are not meant. */
export function recipientsOf(person: AudiencePerson, context: AudienceContext): PlannedRecipient[] {
  if (context.kind === 'guidance-follow-up' && person.segment !== 'without-nhsmail') return [];
  const meant = person.accounts.filter((account) => isMeant(account, context.audience));
  if (meant.length === 0) return [];
  switch (KINDS[context.kind].audience) {
    case 'people':
      return [forPeople(person, meant, context)];
    case 'contacts':
      return forContacts(person, meant, context);
    case 'blockers':
      return forBlockers(person, meant, context);
    case 'told-before':
      return forToldBefore(person, meant, context);
  }
}

/** A person is told about all accounts of theirs, also by a campaign that is for some: two halves would contradict. */
function forPeople(
  person: AudiencePerson,
  meant: readonly AudienceAccount[],
  context: AudienceContext,
): PlannedRecipient {
  // Instructions about accounts that are disabled would only confuse; those with a bad address are part of the story.
  // Who signs in by NHSmail must not read in the same email that people without it keep their password.
  const hasNhsmail = person.accounts.some(({ segment }) => segment === 'nhsmail' || segment === 'mismatched');
  const told = person.accounts.filter(
    ({ segment }) => segment !== 'excluded' && !(hasNhsmail && segment === 'without-nhsmail'),
  );
  const mailable = told.filter(({ segment }) => NOT_MAILED[segment] === undefined);
  const template = context.kind === 'guidance-follow-up' ? 'guidance-follow-up' : signInTemplate(mailable);
  const speaker = speakerOf(told.length > 0 ? told : meant);
  const accounts = [...new Set([...meant, ...told])];
  return {
    ...line(person, accounts, speaker, context, { template, values: personValues(speaker, told) }),
    ...placeOf(meant),
  };
}

function signInTemplate(mailable: readonly AudienceAccount[]): string | null {
  const segments = new Set(mailable.map(({ segment }) => segment));
  if (segments.size > 1) return 'sign-in-several-accounts';
  const [segment] = segments;
  return segment === undefined || segment === 'invalid' || segment === 'excluded' ? null : SIGN_IN_TEMPLATES[segment];
}

function forContacts(
  person: AudiencePerson,
  accounts: readonly AudienceAccount[],
  context: AudienceContext,
): PlannedRecipient[] {
  const speaker = speakerOf(accounts);
  return organisationsOf(accounts, ['commissioner', 'region']).map((organisation) =>
    line(person, accounts, speaker, context, {
      topic: organisation.code,
      about: organisation,
      template: organisation.kind === 'region' ? 'cascade-request-region' : 'cascade-request',
      values: { ...personValues(speaker, accounts), ...context.worklist(organisation) },
    }),
  );
}

function forBlockers(
  person: AudiencePerson,
  accounts: readonly AudienceAccount[],
  context: AudienceContext,
): PlannedRecipient[] {
  const late = context.kind === 'after-cutoff';
  const speaker = speakerOf(accounts);
  const values = personValues(speaker, accounts);
  const practices = organisationsOf(accounts, ['practice'], CLEARING_ROLES.practice);
  const commissioners = organisationsOf(accounts, ['commissioner'], CLEARING_ROLES.commissioner);
  const lines: PlannedRecipient[] = [];
  if (practices.length > 0) {
    lines.push(
      line(person, accounts, speaker, context, {
        topic: 'practice',
        template: late ? 'payment-after-cutoff' : 'payment-reminder-practice',
        values,
        obligations: practices.map(({ code }) => ({ organisation: code, actor: 'practice' as const })),
      }),
    );
  }
  for (const commissioner of commissioners) {
    lines.push(
      line(person, accounts, speaker, context, {
        topic: commissioner.code,
        about: commissioner,
        template: late ? 'payment-after-cutoff' : 'payment-reminder-commissioner',
        values: { ...values, organisation: { code: commissioner.code, name: commissioner.name } },
        obligations: [{ organisation: commissioner.code, actor: 'commissioner' as const }],
      }),
    );
  }
  return lines;
}

/** Everybody who holds wrong dates to be true, and nobody else. They may have been told at another address. */
function forToldBefore(
  person: AudiencePerson,
  accounts: readonly AudienceAccount[],
  context: AudienceContext,
): PlannedRecipient[] {
  const previousWindow = context.wrongDates(person.accounts.map(({ id }) => id));
  if (previousWindow === undefined) return [];
  const speaker = speakerOf(accounts);
  const values = { ...personValues(speaker, accounts), previousWindow };
  const template = samePayment(previousWindow, context.dates) ? 'correction-sign-in' : 'correction-notice';
  return [line(person, accounts, speaker, context, { template, values })];
}

/** As it is for somebody who has had the message of this campaign: it is not sent to them again. */
export function withoutRepeat(recipient: PlannedRecipient): PlannedRecipient {
  const excluded = 'has had this message already';
  return { ...recipient, address: null, template: null, values: null, obligations: null, excluded };
}

interface Content {
  readonly topic?: string;
  readonly about?: AudienceOrganisation;
  readonly template: string | null;
  readonly values: Readonly<Record<string, unknown>>;
  readonly obligations?: readonly Obligation[];
}

function line(
  person: AudiencePerson,
  accounts: readonly AudienceAccount[],
  speaker: AudienceAccount,
  context: AudienceContext,
  content: Content,
): PlannedRecipient {
  const place = placeOf(accounts, content.about);
  const address = parseEmailAddress(speaker.email ?? '');
  const excluded = exclusionOf(speaker, address.ok ? address.address : undefined, content.template, context);
  const base = {
    personKey: person.key,
    topic: content.topic ?? '',
    accountIds: accounts.map(({ id }) => id).sort(),
    ...place,
    segment: speaker.segment,
    rule: speaker.rule,
  };
  if (excluded !== null || content.template === null || !address.ok) {
    const route = excludedRoute(speaker, place.commissionerCode, context);
    return {
      ...base,
      route,
      address: null,
      template: null,
      values: null,
      obligations: null,
      excluded: excluded ?? 'no usable address',
    };
  }
  return {
    ...base,
    route: 'direct',
    address: address.address.normalised,
    template: content.template,
    values: content.values,
    obligations: content.obligations ?? null,
    excluded: null,
  };
}

/** The organisations that an email belongs to, and where the first of them lies. */
function placeOf(accounts: readonly AudienceAccount[], about?: AudienceOrganisation) {
  const organisations = about ? [about] : organisationsOf(accounts);
  const home = organisations[0];
  return {
    organisationCodes: organisations.map(({ code }) => code),
    regionCode: home?.kind === 'region' ? home.code : (home?.regionCode ?? null),
    commissionerCode: home?.kind === 'commissioner' ? home.code : (home?.commissionerCode ?? null),
  };
}

function exclusionOf(
  speaker: AudienceAccount,
  address: { readonly normalised: string; readonly domain: string } | undefined,
  template: string | null,
  context: AudienceContext,
): string | null {
  const notMailed = NOT_MAILED[speaker.segment];
  if (notMailed !== undefined) return notMailed;
  if (address === undefined) return 'no usable address';
  const suppression = context.suppressed.get(address.normalised);
  if (suppression !== undefined) return `suppressed: ${suppression}`;
  if (template !== null && context.declines(address.normalised, template)) return 'opted out of optional mail';
  if (context.audience.reach === 'nhsmail-only' && !domainIsWithin(address.domain, 'nhs.net')) {
    return 'no NHSmail address registered';
  }
  return null;
}

/** Who gets no email may still hear through the commissioner. A disabled account need not hear at all. */
function excludedRoute(speaker: AudienceAccount, commissionerCode: string | null, context: AudienceContext): Route {
  if (speaker.segment === 'excluded' || commissionerCode === null) return 'none';
  return context.cascadingCommissioners.has(commissionerCode) ? 'cascade' : 'none';
}

/** Whether the person works in a place that the campaign is about, whatever group they are in. */
export function isWithinPlaces({ accounts }: AudiencePerson, audience: CampaignAudience): boolean {
  return accounts.some((account) => isMeant(account, { ...audience, segments: [] }));
}

function isMeant(account: AudienceAccount, audience: CampaignAudience): boolean {
  if (audience.segments.length > 0 && !audience.segments.includes(account.segment)) return false;
  const { regions, commissioners, organisations } = audience;
  if (regions.length + commissioners.length + organisations.length === 0) return true;
  return account.memberships.some(
    ({ organisation }) =>
      within(organisations, organisation.code) ||
      within(commissioners, organisation.kind === 'commissioner' ? organisation.code : organisation.commissionerCode) ||
      within(regions, organisation.kind === 'region' ? organisation.code : organisation.regionCode),
  );
}

function within(codes: readonly string[], code: string | null): boolean {
  return code !== null && codes.includes(code);
}

/** Whose address is written to: the lead account, or the next one that has an address to write to. */
function speakerOf(accounts: readonly AudienceAccount[]): AudienceAccount {
  const speaker = accounts.find(({ segment }) => NOT_MAILED[segment] === undefined) ?? accounts[0];
  if (speaker === undefined) throw new Error('A person without accounts');
  return speaker;
}

/** The active organisations of the accounts, in code order; with roles, only those in which one of the roles is held. */
function organisationsOf(
  accounts: readonly AudienceAccount[],
  kinds?: readonly OrganisationKind[],
  roles?: readonly string[],
): AudienceOrganisation[] {
  const found = new Map<string, AudienceOrganisation>();
  for (const account of accounts) {
    if (account.segment === 'excluded' && roles !== undefined) continue;
    for (const membership of account.memberships) {
      const { organisation } = membership;
      if (kinds && !(kinds.includes(organisation.kind) && organisation.active)) continue;
      if (roles && !roles.some((role) => membership.roles.includes(role))) continue;
      found.set(organisation.code, organisation);
    }
  }
  return [...found.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

function personValues(speaker: AudienceAccount, accounts: readonly AudienceAccount[]): Record<string, unknown> {
  // The commissioner's worklist says so too: an account under the right address is there, and gets the roles.
  const right = accounts.find(({ segment }) => segment === 'nhsmail');
  return {
    person: {
      firstName: addressedAs(speaker.firstName),
      fullName: addressedAs(`${speaker.firstName} ${speaker.lastName}`),
    },
    accounts: accounts.map((account) => ({
      accountId: account.id,
      registeredAddress: account.email?.trim() || 'no email address',
      segment: account.segment,
      organisations: organisationsOf([account]).map(({ code, name }) => ({ code, name })),
      ...(right && account.segment === 'mismatched' && { useInstead: right.email ?? '' }),
    })),
  };
}
