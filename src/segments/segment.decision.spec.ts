import fc from 'fast-check';
import { personNameKey } from '../shared/person-name.js';
import { segmentOf } from './segment.decision.js';
import { SEGMENT_RULES } from './segment.rules.js';
import { SEGMENTS, type KnownNhsmail, type Segment, type SegmentAccount, type Suggestion } from './segment.types.js';

type AccountParts = Partial<Omit<SegmentAccount, 'organisations' | 'nameKey'>> & { at?: string[]; closed?: string[] };

/** Testa Sample of practice A81001, active, registered at her own NHSmail-shaped address. */
function account({ at = ['A81001'], closed = [], ...parts }: AccountParts = {}): SegmentAccount {
  const firstName = parts.firstName ?? 'Testa';
  const lastName = parts.lastName ?? 'Sample';
  return {
    id: 'acc-1',
    email: 'testa.sample@nhs.net',
    status: 'active',
    confirmedWithoutNhsmailOn: null,
    namesakesIn: [],
    ...parts,
    firstName,
    lastName,
    nameKey: personNameKey(firstName, lastName),
    organisations: [...at.map((code) => ({ code, closed: false })), ...closed.map((code) => ({ code, closed: true }))],
  };
}

/** The live NHSmail entry of Testa Sample of practice A81001. */
function entry(parts: Partial<Omit<KnownNhsmail, 'nameKey'>> = {}): KnownNhsmail {
  const firstName = parts.firstName ?? 'Testa';
  const lastName = parts.lastName ?? 'Sample';
  return {
    address: 'testa.sample@nhs.net',
    aliases: [],
    organisationCode: 'A81001',
    type: 'person',
    status: 'active',
    recordedAccount: null,
    accountsUnderAddress: [],
    ...parts,
    firstName,
    lastName,
    nameKey: personNameKey(firstName, lastName),
  };
}

const recorded = { id: 'acc-1', nameKey: 'testa sample' };
const recordedFor = (id: string, first: string, last: string): KnownNhsmail['recordedAccount'] => ({
  id,
  nameKey: personNameKey(first, last),
});
const newAccount = (certainty: 'certain' | 'probable', address = 'testa.sample@nhs.net'): Suggestion => ({
  kind: 'new-account-with',
  address,
  certainty,
});
const didYouMean: Suggestion = { kind: 'did-you-mean', address: 'testa.sample@nhs.net', certainty: 'probable' };

interface Case {
  readonly why: string;
  readonly account: SegmentAccount;
  readonly known?: readonly KnownNhsmail[];
  readonly rule: string;
  readonly suggestion?: Suggestion | undefined;
}

// prettier-ignore
const REGISTERED_AND_LIVE: Case[] = [
  { why: 'the primary address of somebody of this name', account: account(), known: [entry()], rule: 'nhsmail.primary' },
  { why: 'capitals do not matter', account: account({ email: 'Testa.SAMPLE@NHS.NET' }), known: [entry()], rule: 'nhsmail.primary' },
  { why: 'spaces around it do not matter', account: account({ email: '  testa.sample@nhs.net\u00a0' }), known: [entry()], rule: 'nhsmail.primary' },
  { why: 'invisible characters do not matter', account: account({ email: 'testa.sample\u200b@nhs.net\ufeff' }), known: [entry()], rule: 'nhsmail.primary' },
  { why: 'a display name around it does not matter', account: account({ email: 'Testa Sample <testa.sample@nhs.net>' }), known: [entry()], rule: 'nhsmail.primary' },
  { why: 'title and accents do not matter', account: account({ firstName: 'Dr Testá' }), known: [entry()], rule: 'nhsmail.primary' },
  { why: 'a second given name on one side does not matter', account: account({ firstName: 'Testa Ann' }), known: [entry()], rule: 'nhsmail.primary' },
  { why: 'a name missing from the directory contradicts nothing', account: account(), known: [entry({ firstName: '', lastName: '' })], rule: 'nhsmail.primary' },
  { why: 'people work in other places than the directory says', account: account(), known: [entry({ organisationCode: 'B82002' })], rule: 'nhsmail.primary' },
  { why: 'the record of the account outweighs a differing name', account: account({ firstName: 'Tess', lastName: 'Other' }), known: [entry({ recordedAccount: recorded })], rule: 'nhsmail.recorded' },
  { why: 'the record of the account', account: account(), known: [entry({ recordedAccount: recorded })], rule: 'nhsmail.recorded' },
  { why: 'a number that the directory itself gives', account: account({ email: 'testa.sample2@nhs.net' }), known: [entry({ address: 'testa.sample2@nhs.net' })], rule: 'nhsmail.primary' },
  { why: 'her own address, although a namesake works beside her', account: account({ namesakesIn: ['A81001'] }), known: [entry(), entry({ address: 'testa.sample2@nhs.net' })], rule: 'nhsmail.primary' },
  { why: 'changed her family name, and the directory still has her address of old', account: account(), known: [entry({ lastName: 'Married' })], rule: 'nhsmail.primary' },
  { why: 'a confirmation of having none is outdated by a live entry', account: account({ confirmedWithoutNhsmailOn: '2025-01-06' }), known: [entry()], rule: 'nhsmail.primary' },
  { why: 'the record may stay with her older account here', account: account(), known: [entry({ recordedAccount: recordedFor('acc-9', 'Testa', 'Sample') })], rule: 'nhsmail.primary' },
  { why: 'of two records, the registered one', account: account(), known: [entry({ address: 'a.sample@nhs.net', recordedAccount: recorded }), entry({ recordedAccount: recorded })], rule: 'nhsmail.recorded' },
  { why: 'an ended entry of her own does not spoil the live one', account: account(), known: [entry(), entry({ address: 'testa.sample9@nhs.net', status: 'leaver' })], rule: 'nhsmail.primary' },
];

// prettier-ignore
const DIRECTORY_SILENT: Case[] = [
  { why: 'an NHSmail address of which nothing is known', account: account(), rule: 'nhsmail-unconfirmed.directory-silent' },
  { why: 'others in the directory do not matter', account: account(), known: [entry({ address: 'otto.other@nhs.net', firstName: 'Otto', lastName: 'Other' })], rule: 'nhsmail-unconfirmed.directory-silent' },
  { why: 'a namesake in another organisation is another person', account: account({ email: 'testa.sample2@nhs.net' }), known: [entry({ organisationCode: 'B82002' })], rule: 'nhsmail-unconfirmed.directory-silent' },
  { why: 'an account without a name has no namesakes', account: account({ firstName: '', lastName: '' }), known: [entry({ address: 'x.y@nhs.net', firstName: '', lastName: '' })], rule: 'nhsmail-unconfirmed.directory-silent' },
  { why: 'a person called Office is no desk', account: account({ lastName: 'Office', email: 'testa.office@nhs.net' }), rule: 'nhsmail-unconfirmed.directory-silent' },
];

// prettier-ignore
const MISMATCHED: Case[] = [
  { why: 'an alias does not sign in', account: account({ email: 'testa.s@nhs.net' }), known: [entry({ aliases: ['testa.s@nhs.net'] })], rule: 'mismatched.alias', suggestion: newAccount('certain') },
  { why: 'a former name is an alias', account: account({ lastName: 'Maiden', email: 'testa.maiden@nhs.net' }), known: [entry({ aliases: ['testa.maiden@nhs.net'] })], rule: 'mismatched.alias', suggestion: newAccount('certain') },
  { why: 'an alias under a wholly different name is likely a former name, and only likely', account: account({ firstName: 'Otto', lastName: 'Other', email: 'otto.other@nhs.net' }), known: [entry({ aliases: ['otto.other@nhs.net'] })], rule: 'mismatched.alias', suggestion: newAccount('probable') },
  { why: 'an nhs.uk alias is an alias', account: account({ email: 'testa@surgery.nhs.uk' }), known: [entry({ aliases: ['testa@surgery.nhs.uk'] })], rule: 'mismatched.alias', suggestion: newAccount('certain') },
  { why: 'a number too many', account: account({ email: 'testa.sample2@nhs.net' }), known: [entry()], rule: 'mismatched.numbered-variant', suggestion: newAccount('probable') },
  { why: 'a number too many, by record', account: account({ email: 'testa.sample2@nhs.net' }), known: [entry({ recordedAccount: recorded })], rule: 'mismatched.numbered-variant', suggestion: newAccount('certain') },
  { why: 'a number missing', account: account(), known: [entry({ address: 'testa.sample3@nhs.net' })], rule: 'mismatched.numbered-variant', suggestion: newAccount('probable', 'testa.sample3@nhs.net') },
  { why: 'registered at the address of the namesake elsewhere', account: account({ email: 'testa.sample2@nhs.net' }), known: [entry(), entry({ address: 'testa.sample2@nhs.net', organisationCode: 'B82002' })], rule: 'mismatched.numbered-variant', suggestion: newAccount('probable') },
  { why: 'a plus-tag on her own address', account: account({ email: 'testa.sample+cqrs@nhs.net' }), known: [entry()], rule: 'mismatched.plus-tag', suggestion: newAccount('certain') },
  { why: 'a plus-tag on an unknown address signs in no better', account: account({ email: 'testa.sample+cqrs@nhs.net' }), rule: 'mismatched.plus-tag', suggestion: didYouMean },
  { why: 'another NHSmail address than the recorded one', account: account({ email: 't.quite-else@nhs.net' }), known: [entry({ recordedAccount: recorded })], rule: 'mismatched.another-nhsmail', suggestion: newAccount('certain') },
  { why: 'registered at a colleague’s address', account: account({ email: 'otto.other@nhs.net' }), known: [entry(), entry({ address: 'otto.other@nhs.net', firstName: 'Otto', lastName: 'Other' })], rule: 'mismatched.another-nhsmail', suggestion: newAccount('probable') },
  { why: 'nhs.uk while the directory records NHSmail', account: account({ email: 'testa.sample@surgery.nhs.uk' }), known: [entry({ recordedAccount: recorded })], rule: 'mismatched.nhs-domain', suggestion: newAccount('certain') },
  { why: 'nhs.uk while her name is unique here', account: account({ email: 'testa.sample@nhs.uk' }), known: [entry()], rule: 'mismatched.nhs-domain', suggestion: newAccount('probable') },
  { why: 'a name below nhs.net is nobody’s NHSmail address', account: account({ email: 'testa.sample@service.nhs.net' }), known: [entry()], rule: 'mismatched.nhs-domain', suggestion: newAccount('probable') },
  { why: 'a private address while the directory records NHSmail', account: account({ email: 'testa@example.com' }), known: [entry({ recordedAccount: recorded })], rule: 'mismatched.another-domain', suggestion: newAccount('certain') },
  { why: 'a private address while her name is unique here', account: account({ email: 'testa@example.com' }), known: [entry()], rule: 'mismatched.another-domain', suggestion: newAccount('probable') },
  { why: 'the name is enough in one of two organisations', account: account({ email: 'testa@example.com', at: ['B82002', 'A81001'] }), known: [entry()], rule: 'mismatched.another-domain', suggestion: newAccount('probable') },
  { why: 'spelling of the name does not matter', account: account({ email: 'zoe@example.com', firstName: 'Zoë', lastName: 'O’Sample-Jones' }), known: [entry({ firstName: 'ZOE', lastName: "O'Sample Jones" })], rule: 'mismatched.another-domain', suggestion: newAccount('probable') },
  { why: 'the record outweighs a confirmation of having none', account: account({ email: 'testa@example.com', confirmedWithoutNhsmailOn: '2025-01-06' }), known: [entry({ recordedAccount: recorded })], rule: 'mismatched.another-domain', suggestion: newAccount('certain') },
  { why: 'a shared mailbox is registered for a recorded person', account: account({ email: 'reception.a81001@nhs.net' }), known: [entry({ recordedAccount: recorded }), entry({ address: 'reception.a81001@nhs.net', type: 'shared' })], rule: 'mismatched.another-nhsmail', suggestion: newAccount('certain') },
  { why: 'evilnhs.net is another domain', account: account({ email: 'testa.sample@evilnhs.net' }), known: [entry()], rule: 'mismatched.another-domain', suggestion: newAccount('probable') },
  { why: 'she has a second account under the right address', account: account({ email: 'testa@surgery.nhs.uk' }), known: [entry({ recordedAccount: recorded, accountsUnderAddress: [{ id: 'acc-2', nameKey: 'testa sample' }] })], rule: 'mismatched.nhs-domain', suggestion: { kind: 'use-account', accountId: 'acc-2', certainty: 'certain' } },
  { why: 'somebody else’s account under her address is not hers to use', account: account({ email: 'testa@surgery.nhs.uk' }), known: [entry({ recordedAccount: recorded, accountsUnderAddress: [{ id: 'acc-2', nameKey: 'otto other' }] })], rule: 'mismatched.nhs-domain', suggestion: newAccount('certain') },
];

// prettier-ignore
const WITHOUT: Case[] = [
  { why: 'confirmed, private address', account: account({ email: 'testa@example.com', confirmedWithoutNhsmailOn: '2026-06-01' }), rule: 'without-nhsmail.confirmed' },
  { why: 'confirmed, nhs.uk address', account: account({ email: 'testa@surgery.nhs.uk', confirmedWithoutNhsmailOn: '2026-06-01' }), rule: 'without-nhsmail.confirmed' },
  { why: 'somebody’s word about this account outweighs a name', account: account({ email: 'testa@example.com', confirmedWithoutNhsmailOn: '2026-06-01' }), known: [entry()], rule: 'without-nhsmail.confirmed' },
  { why: 'an NHSmail address that the directory does not know does not outweigh it', account: account({ confirmedWithoutNhsmailOn: '2026-06-01' }), rule: 'without-nhsmail.confirmed' },
  { why: 'a leaver with a confirmation has none', account: account({ confirmedWithoutNhsmailOn: '2026-06-01' }), known: [entry({ status: 'leaver', recordedAccount: recorded })], rule: 'without-nhsmail.confirmed' },
];

// prettier-ignore
const UNKNOWN: Case[] = [
  { why: 'nhs.uk and nothing known', account: account({ email: 'testa.sample@surgery.nhs.uk' }), rule: 'unknown.nothing-known' },
  { why: 'private and nothing known', account: account({ email: 'testa@example.com' }), rule: 'unknown.nothing-known' },
  { why: 'evilnhs.net is not within nhs.net', account: account({ email: 'testa.sample@evilnhs.net' }), rule: 'unknown.nothing-known' },
  { why: 'nhs.net.example.com is not nhs.net', account: account({ email: 'testa.sample@nhs.net.example.com' }), rule: 'unknown.nothing-known' },
  { why: 'service.nhs.net is not nhs.net', account: account({ email: 'testa.sample@service.nhs.net' }), rule: 'unknown.nothing-known' },
  { why: 'an internationalised domain is a foreign one', account: account({ email: 'testa@bücher.example' }), rule: 'unknown.nothing-known' },
  { why: 'punycode is a foreign domain', account: account({ email: 'testa@xn--bcher-kva.example' }), rule: 'unknown.nothing-known' },
  { why: 'two entries of the name in the organisation', account: account({ email: 'testa@example.com' }), known: [entry(), entry({ address: 'testa.sample2@nhs.net' })], rule: 'unknown.nothing-known' },
  { why: 'two accounts of the name in the organisation', account: account({ email: 'testa@example.com', namesakesIn: ['A81001'] }), known: [entry()], rule: 'unknown.nothing-known' },
  { why: 'the name in another organisation is another person', account: account({ email: 'testa@example.com' }), known: [entry({ organisationCode: 'B82002' })], rule: 'unknown.nothing-known' },
  { why: 'the name in no known organisation is no match', account: account({ email: 'testa@example.com' }), known: [entry({ organisationCode: null })], rule: 'unknown.nothing-known' },
  { why: 'an entry recorded for another account is that account’s', account: account({ email: 'testa@example.com' }), known: [entry({ recordedAccount: recordedFor('acc-9', 'Testa', 'Sample') })], rule: 'unknown.nothing-known' },
  { why: 'one letter apart is another name', account: account({ email: 'testa@example.com', lastName: 'Sampel' }), known: [entry()], rule: 'unknown.nothing-known' },
  { why: 'half a name matches nobody', account: account({ email: 'testa@example.com', firstName: '' }), known: [entry({ firstName: '' })], rule: 'unknown.nothing-known' },
  { why: 'a desk outside NHSmail may still be somebody’s way in', account: account({ email: 'reception@surgery.nhs.uk' }), rule: 'unknown.nothing-known' },
  { why: 'a foreign address in the NHSmail extract is no NHSmail address', account: account({ email: 'testa@evilnhs.net' }), known: [entry({ address: 'testa@evilnhs.net', recordedAccount: recorded })], rule: 'unknown.nothing-known' },
  ...(['inactive', 'leaver', 'disabled', 'deleted'] as const).flatMap((status): Case[] => [
    {
      why: `an entry that is ${status} signs nobody in`,
      account: account(),
      known: [entry({ status })],
      rule: 'unknown.entry-ended',
    },
    {
      why: `nor does a recorded one that is ${status}`,
      account: account(),
      known: [entry({ status, recordedAccount: recorded })],
      rule: 'unknown.entry-ended',
    },
  ]),
  { why: 'an alias of an ended entry', account: account({ email: 'testa.s@nhs.net' }), known: [entry({ aliases: ['testa.s@nhs.net'], status: 'leaver' })], rule: 'unknown.entry-ended' },
  { why: 'her recorded entry has ended; whose the registered address is, nobody knows', account: account({ email: 'testa.sample4@nhs.net' }), known: [entry({ status: 'leaver', recordedAccount: recorded })], rule: 'unknown.entry-ended' },
  { why: 'the address is that of somebody of another name', account: account({ firstName: 'Otto', lastName: 'Other' }), known: [entry()], rule: 'unknown.address-of-another' },
  { why: 'husband and wife share a name and no mailbox', account: account({ firstName: 'Otto' }), known: [entry()], rule: 'unknown.address-of-another' },
  { why: 'the record gives the address to an account of another name', account: account(), known: [entry({ recordedAccount: recordedFor('acc-9', 'Otto', 'Other') })], rule: 'unknown.address-of-another' },
  { why: 'the record gives it to a namesake elsewhere', account: account(), known: [entry({ organisationCode: 'B82002', recordedAccount: recordedFor('acc-9', 'Testa', 'Sample') })], rule: 'unknown.address-of-another' },
  { why: 'the record gives it to an account that the export lacks', account: account(), known: [entry({ recordedAccount: { id: 'acc-9', nameKey: '' } })], rule: 'unknown.address-of-another' },
  { why: 'a plus-tag on somebody else’s address', account: account({ firstName: 'Otto', lastName: 'Other', email: 'testa.sample+otto@nhs.net' }), known: [entry()], rule: 'unknown.address-of-another' },
  { why: 'a namesake holds it elsewhere and two work here', account: account({ email: 'testa.sample2@nhs.net' }), known: [entry(), entry({ address: 'testa.sample2@nhs.net', organisationCode: 'B82002' }), entry({ address: 'testa.sample3@nhs.net' })], rule: 'unknown.address-of-another' },
  { why: 'two of the name here, and neither has the registered address', account: account({ email: 'testa.sample3@nhs.net' }), known: [entry(), entry({ address: 'testa.sample2@nhs.net' })], rule: 'unknown.namesake' },
  { why: 'two accounts of the name, one entry, and not the registered address', account: account({ email: 'testa.sample3@nhs.net', namesakesIn: ['A81001'] }), known: [entry()], rule: 'unknown.namesake' },
  { why: 'a leaver of the name here, and another address registered', account: account({ email: 'testa.sample3@nhs.net' }), known: [entry({ status: 'leaver' })], rule: 'unknown.namesake' },
  { why: 'the number may be wrong where the directory has no organisation', account: account({ email: 'testa.sample3@nhs.net' }), known: [entry({ organisationCode: null })], rule: 'unknown.namesake' },
];

// prettier-ignore
const NOT_A_PERSON: Case[] = [
  { why: 'a shared mailbox', account: account({ email: 'surgery.a81001@nhs.net' }), known: [entry({ address: 'surgery.a81001@nhs.net', type: 'shared' })], rule: 'not-a-person.directory' },
  { why: 'a shared mailbox that bears a person’s name', account: account(), known: [entry({ type: 'shared' })], rule: 'not-a-person.directory' },
  { why: 'a list', account: account({ email: 'all.a81001@nhs.net' }), known: [entry({ address: 'all.a81001@nhs.net', type: 'list' })], rule: 'not-a-person.directory' },
  { why: 'an application account', account: account({ email: 'app.a81001@nhs.net' }), known: [entry({ address: 'app.a81001@nhs.net', type: 'application' })], rule: 'not-a-person.directory' },
  { why: 'an alias of a shared mailbox', account: account({ email: 'x@nhs.net' }), known: [entry({ address: 'y@nhs.net', aliases: ['x@nhs.net'], type: 'shared' })], rule: 'not-a-person.directory' },
  { why: 'a plus-tag on a shared mailbox', account: account({ email: 'y+cqrs@nhs.net' }), known: [entry({ address: 'y@nhs.net', type: 'shared' })], rule: 'not-a-person.directory' },
  { why: 'a shared mailbox that is closed is still nobody', account: account({ email: 'y@nhs.net' }), known: [entry({ address: 'y@nhs.net', type: 'shared', status: 'deleted' })], rule: 'not-a-person.directory' },
  { why: 'the directory records the account for a shared mailbox', account: account({ email: 'desk@example.com' }), known: [entry({ address: 'y@nhs.net', type: 'shared', recordedAccount: recorded, firstName: 'A', lastName: 'Desk' })], rule: 'not-a-person.directory' },
  { why: 'a desk of which the directory is silent', account: account({ email: 'reception.a81001@nhs.net' }), rule: 'not-a-person.local-part' },
  { why: 'a practice code for a name', account: account({ email: 'a81001@nhs.net' }), rule: 'not-a-person.local-part' },
  { why: 'a numbered desk with a tag', account: account({ email: 'admin2+cqrs@nhs.net' }), rule: 'not-a-person.local-part' },
];

// prettier-ignore
const INVALID: Case[] = [
  { why: 'nothing registered', account: account({ email: null }), rule: 'invalid.missing' },
  { why: 'nothing but space', account: account({ email: ' \u00a0\u200b' }), rule: 'invalid.missing' },
  { why: 'nothing registered, and the directory knows her', account: account({ email: null }), known: [entry({ recordedAccount: recorded })], rule: 'invalid.missing', suggestion: newAccount('certain') },
  { why: 'no address', account: account({ email: 'n/a' }), rule: 'invalid.unreadable' },
  { why: 'a space in it', account: account({ email: 'testa sample@nhs.net' }), known: [entry()], rule: 'invalid.unreadable' },
  { why: 'two addresses', account: account({ email: 'testa.sample@nhs.net; otto@nhs.net' }), known: [entry()], rule: 'invalid.unreadable' },
  ...[
    'nhs.ent',
    'nhs.co.net',
    'nhsnet',
    'nhs.nett',
    'nsh.net',
    'nhs.met',
    'nhs.net.uk',
    'nhsmail.net',
    'nhs.ne',
    'nhs,net',
    'nhs..net',
    'hns.net',
    'nhs.com',
    'nhss.net',
  ].map((domain): Case => ({
    why: `${domain} is a slip`,
    account: account({ email: `testa.sample@${domain}` }),
    rule: 'invalid.near-miss',
    suggestion: didYouMean,
  })),
  { why: 'a slip is never repaired, even where the directory has the address', account: account({ email: 'testa.sample@nhs.ent' }), known: [entry()], rule: 'invalid.near-miss', suggestion: didYouMean },
  { why: 'a slip, and the directory records the account', account: account({ email: 'testa.smaple@nhs.ent' }), known: [entry({ recordedAccount: recorded })], rule: 'invalid.near-miss', suggestion: newAccount('certain') },
  { why: 'Cyrillic ѕ', account: account({ email: 'testa.sample@nhѕ.net' }), known: [entry()], rule: 'invalid.lookalike', suggestion: didYouMean },
  { why: 'three foreign letters', account: account({ email: 'testa.sample@ոһѕ.net' }), known: [entry()], rule: 'invalid.lookalike', suggestion: didYouMean },
  { why: 'full-width letters', account: account({ email: 'testa.sample@ｎｈｓ.net' }), known: [entry()], rule: 'invalid.lookalike', suggestion: didYouMean },
  { why: 'the same imitation in punycode', account: account({ email: 'testa.sample@xn--nh-qtc.net' }), known: [entry()], rule: 'invalid.lookalike', suggestion: didYouMean },
];

// prettier-ignore
const EXCLUDED: Case[] = [
  { why: 'disabled', account: account({ status: 'disabled' }), known: [entry()], rule: 'excluded.disabled' },
  { why: 'disabled, and no address to repair', account: account({ status: 'disabled', email: null }), rule: 'excluded.disabled' },
  { why: 'no membership', account: account({ at: [] }), known: [entry()], rule: 'excluded.no-membership' },
  { why: 'its practice has closed', account: account({ at: [], closed: ['A81001'] }), known: [entry()], rule: 'excluded.organisations-closed' },
  { why: 'one of two practices is open', account: account({ at: ['A81001'], closed: ['B82002'] }), known: [entry()], rule: 'nhsmail.primary' },
];

const GOLDEN = [...REGISTERED_AND_LIVE, ...DIRECTORY_SILENT, ...MISMATCHED, ...WITHOUT, ...UNKNOWN, ...NOT_A_PERSON, ...INVALID, ...EXCLUDED]; // prettier-ignore

describe('segmentOf, case by case', () => {
  it.each(GOLDEN)('$rule: $why', ({ account: registered, known = [], rule, suggestion }) => {
    const result = segmentOf(registered, known);
    expect(result.rule).toBe(rule);
    expect(result.segment).toBe(rule.slice(0, rule.indexOf('.')));
    expect(result.suggestion).toEqual(suggestion);
    expect(result.evidence.length).toBeGreaterThan(0);
  });

  it('has a case for every rule', () => {
    expect([...new Set(GOLDEN.map(({ rule }) => rule))].sort()).toEqual(SEGMENT_RULES.map(({ id }) => id).sort());
  });

  it('names each rule once, by its segment', () => {
    expect(new Set(SEGMENT_RULES.map(({ id }) => id)).size).toBe(SEGMENT_RULES.length);
    for (const { id, segment } of SEGMENT_RULES) expect(id.startsWith(`${segment}.`)).toBe(true);
  });

  it('says in its evidence that a second account is already there', () => {
    const known = [
      entry({ recordedAccount: recorded, accountsUnderAddress: [{ id: 'acc-2', nameKey: 'testa sample' }] }),
    ];
    const { evidence } = segmentOf(account({ email: 'testa@surgery.nhs.uk' }), known);
    expect(evidence.map(({ fact }) => fact).join('\n')).toContain('Another account of this name is already registered');
  });
});

const FIRST = ['Testa', 'Otto', ''];
const LAST = ['Sample', 'Other', ''];
const LOCALS = [
  'testa.sample',
  'testa.sample2',
  'testa.sample+cqrs',
  'otto.other',
  'otto.sample',
  'reception',
  'testa',
];
const DOMAINS = [
  'nhs.net',
  'NHS.NET',
  'nhs.uk',
  'surgery.nhs.uk',
  'service.nhs.net',
  'evilnhs.net',
  'nhs.ent',
  'nhѕ.net',
  'example.com',
  'nhsnet',
];
const ORGANISATIONS = ['A81001', 'B82002', 'C83003'];

const anAddress = fc.tuple(fc.constantFrom(...LOCALS), fc.constantFrom(...DOMAINS)).map((parts) => parts.join('@'));
const anNhsmailAddress = fc.constantFrom(...LOCALS).map((local) => `${local}@nhs.net`);
const anAccount = fc
  .record({
    firstName: fc.constantFrom(...FIRST),
    lastName: fc.constantFrom(...LAST),
    email: fc.oneof({ weight: 6, arbitrary: anAddress }, fc.constant(null), fc.string()),
    status: fc.constantFrom('active', 'active', 'active', 'disabled'),
    confirmedWithoutNhsmailOn: fc.constantFrom(null, null, '2026-06-01'),
    at: fc.subarray(ORGANISATIONS, { maxLength: 2 }),
    closed: fc.constantFrom<string[][]>([], [], ['D84004']),
    namesakesIn: fc.subarray(ORGANISATIONS, { maxLength: 1 }),
  })
  .map((parts) => account(parts));
const anEntry = fc
  .record({
    address: fc.oneof({ weight: 4, arbitrary: anNhsmailAddress }, anAddress),
    aliases: fc.array(anAddress, { maxLength: 2 }),
    firstName: fc.constantFrom(...FIRST),
    lastName: fc.constantFrom(...LAST),
    organisationCode: fc.constantFrom(...ORGANISATIONS, null),
    type: fc.constantFrom('person', 'person', 'person', 'shared', 'application', 'list'),
    status: fc.constantFrom('active', 'active', 'active', 'inactive', 'leaver', 'disabled', 'deleted'),
    recordedAccount: fc.constantFrom(
      null,
      null,
      recorded,
      recordedFor('acc-9', 'Testa', 'Sample'),
      recordedFor('acc-8', 'Otto', 'Other'),
      recordedFor('acc-7', '', ''),
    ),
    accountsUnderAddress: fc.constantFrom([], [{ id: 'acc-9', nameKey: 'testa sample' }]),
  })
  .map((parts) => entry(parts));
const entries = fc.uniqueArray(anEntry, { selector: ({ address }) => address, maxLength: 6 });
const RUNS = { numRuns: 3_000 };

const mayUseSso = (segment: Segment): boolean => segment === 'nhsmail' || segment === 'nhsmail-unconfirmed';

describe('segmentOf, for whatever the files hold', () => {
  it('is total: every account gets one segment, one rule and evidence', () => {
    fc.assert(
      fc.property(anAccount, entries, (registered, known) => {
        const result = segmentOf(registered, known);
        expect(SEGMENTS).toContain(result.segment);
        expect(result.evidence.length).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });

  it('does not depend on the order of the entries, nor on entries of strangers', () => {
    fc.assert(
      fc.property(anAccount, entries, fc.infiniteStream(fc.nat()), (registered, known, order) => {
        const shuffled = known
          .map((each) => ({ each, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ each }) => each);
        const stranger = entry({ address: 'zz.stranger@nhs.net', firstName: 'Zz', lastName: 'Stranger' });
        expect(segmentOf(registered, [stranger, ...shuffled])).toEqual(segmentOf(registered, known));
      }),
      RUNS,
    );
  });

  it('tells nobody to use single sign-on whom the directory does not show able to', () => {
    fc.assert(
      fc.property(anAccount, entries, (registered, known) => {
        const { segment } = segmentOf(registered, known);
        if (!mayUseSso(segment)) return;
        const address = (registered.email ?? '').trim().toLowerCase();
        expect(address.endsWith('@nhs.net')).toBe(true);
        expect(registered.status).toBe('active');
        const at = known.filter((each) => each.address === address || each.aliases.includes(address));
        if (segment === 'nhsmail-unconfirmed') {
          expect(at).toEqual([]);
          expect(registered.confirmedWithoutNhsmailOn).toBeNull();
          expect(address).not.toContain('+');
          return;
        }
        const holder = known.find((each) => each.address === address);
        expect(holder).toMatchObject({ type: 'person', status: 'active' });
        const { recordedAccount } = holder ?? entry();
        expect([registered.id, undefined, registered.nameKey]).toContain(
          recordedAccount?.id === registered.id ? registered.id : recordedAccount?.nameKey,
        );
        if (recordedAccount?.id !== registered.id && holder?.nameKey && registered.nameKey) {
          // The only differing name let through is one that an address of the entry spells out.
          const spelt = `${registered.firstName}.${registered.lastName}`.toLowerCase();
          const addresses = [holder.address, ...holder.aliases].map((text) => text.split('@')[0]);
          expect(holder.nameKey === registered.nameKey || addresses.includes(spelt)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it('never proposes an address with more certainty than its evidence', () => {
    fc.assert(
      fc.property(anAccount, entries, (registered, known) => {
        const { suggestion, nhsmail } = segmentOf(registered, known);
        if (suggestion?.kind === 'did-you-mean') expect(suggestion.certainty).toBe('probable');
        else if (suggestion) expect(suggestion.certainty).toBe(nhsmail?.certainty);
      }),
      RUNS,
    );
  });
});
