import { CASES } from './cases.mjs';
import { inventName, localPart, nameKey } from './names.mjs';

const PRACTICE_ROLES = [
  ['View|Declaration Management|User Administrator', 'View|Finance View|Declaration Management'],
  ['View|Declaration Management', 'View|Declaration Management', 'View|Finance View'],
  ['View', 'View|Finance View', 'View|Declaration Management'],
];
const COMMISSIONER_ROLES = [
  ['View|Approval Management|Finance Management|Advanced User Administrator'],
  ['View|Approval Management', 'View|Finance View|Finance Management'],
  ['View|Finance View|Finance Management', 'View|Approval Management', 'View'],
];
const REGION_ROLES = [['View|Advanced User Administrator'], ['View|Finance View|User Administrator', 'View']];

/**
 * Invents the staff of the organisations, one after the other, as
 * `{accounts, entries, noNhsmail, truth}`: rows of the four files.
 */
export class People {
  /**
   * @param {import('./random.mjs').Random} random
   * @param {readonly string[]} practiceCodes for second memberships and namesakes
   * @param {readonly string[]} closedCodes
   */
  constructor(random, practiceCodes, closedCodes) {
    this.random = random;
    this.practiceCodes = practiceCodes;
    this.closedCodes = closedCodes;
    this.lastId = 100_000;
    this.taken = new Map();
    this.names = new Map();
  }

  /** @param {string} organisation @param {'practice' | 'commissioner' | 'region'} kind @param {number} count */
  *staff(organisation, kind, count) {
    for (let index = 0; index < count;) {
      const roles = this.rolesFor(kind, index);
      const left = count - index;
      if (left >= 2 && this.random.chance(0.005)) yield* this.namesakes(organisation, roles);
      else if (left >= 2 && this.random.chance(0.012)) yield* this.twoAccounts(organisation, roles);
      else {
        yield this.ordinary(organisation, roles);
        index -= 1;
      }
      index += 2;
    }
    // The directory knows more than the users of CQRS.
    for (let others = this.random.whole(0, 2); others > 0; others -= 1) {
      const person = this.person(organisation);
      yield { accounts: [], entries: [this.entry(person, this.address(person))], noNhsmail: [], truth: [] };
    }
  }

  ordinary(organisation, roles) {
    const { random } = this;
    const kind = random.weighted(CASES.map((each) => [each, each.rate]));
    const person = this.person(organisation);
    const primary = this.address(person);
    const made = kind.make({
      person,
      random,
      primary,
      number: (base) => this.number(base),
      entry: (fields) => this.entry(person, primary, fields),
      elsewhere: this.elsewhere(organisation),
    });
    const { status = 'active', organisation: place = organisation } = made.account ?? {};
    const where = place === 'closed' ? random.pick(this.closedCodes) : place;
    const accounts = [this.account(person, made.email, status, where, where === '' ? '' : roles)];
    if (where === organisation && random.chance(0.02)) accounts.push(this.secondMembership(accounts[0]));
    return {
      accounts,
      entries: made.entries ?? [],
      noNhsmail: made.noNhsmail
        ? [{ account_id: person.id, confirmed_on: random.day('2026-03-01', '2026-08-28') }]
        : [],
      truth: [truthOf(person.id, kind.segment, kind.sso, kind.id)],
    };
  }

  /** Two people of one name in one place: with their own addresses, or with addresses that leave open who is who. */
  *namesakes(organisation, roles) {
    const own = this.random.chance(0.6);
    const first = this.person(organisation);
    for (const person of [first, { ...first, id: this.nextId() }]) {
      const primary = this.address(person);
      const email = own ? primary : `${this.number(`${localPart(person.first, person.last)}.surgery`, 'nhs.uk')}`;
      yield {
        accounts: [this.account(person, email, 'active', organisation, roles)],
        entries: [this.entry(person, primary)],
        noNhsmail: [],
        truth: [truthOf(person.id, own ? 'nhsmail' : 'unknown', own, own ? 'namesakes-own' : 'namesakes-unknown')],
      };
    }
  }

  /** The cure for a wrong address is a new account: the old one lives on beside it. */
  *twoAccounts(organisation, roles) {
    const person = this.person(organisation);
    const primary = this.address(person);
    const old = { ...person, id: this.nextId() };
    yield {
      accounts: [this.account(person, primary, 'active', organisation, roles)],
      entries: [this.entry(person, primary, { cqrs_account_id: person.id })],
      noNhsmail: [],
      truth: [truthOf(person.id, 'nhsmail', true, 'two-accounts-new')],
    };
    const email = `${localPart(old.first, old.last)}@nhs.uk`;
    yield {
      accounts: [this.account(old, email, 'active', organisation, roles)],
      entries: [],
      noNhsmail: [],
      truth: [truthOf(old.id, 'mismatched', false, 'two-accounts-old')],
    };
  }

  rolesFor(kind, index) {
    const ladder = { practice: PRACTICE_ROLES, commissioner: COMMISSIONER_ROLES, region: REGION_ROLES }[kind];
    // One practice in fifty has nobody to declare but somebody who happens to.
    const rung =
      kind === 'practice' && index === 0 && this.random.chance(0.02) ? 2 : Math.min(index, ladder.length - 1);
    const roles = this.random.pick(ladder[rung]);
    return this.random.chance(0.001) ? `${roles}|Report Writer` : roles;
  }

  /** A name that is new in this organisation: namesakes are made on purpose, in their own case. */
  person(organisation) {
    const known = this.names.get(organisation) ?? new Set();
    this.names.set(organisation, known);
    for (;;) {
      const { first, last } = inventName(this.random);
      const key = nameKey(first, last);
      if (known.has(key)) continue;
      known.add(key);
      return { id: this.nextId(), first, last, organisation };
    }
  }

  nextId() {
    this.lastId += 1;
    return `U${this.lastId}`;
  }

  address({ first, last }) {
    return this.number(localPart(first, last));
  }

  /** NHSmail numbers namesakes: the first has no number, the next is 2. */
  number(base, domain = 'nhs.net') {
    const count = (this.taken.get(base) ?? 0) + 1;
    this.taken.set(base, count);
    return `${base}${count === 1 ? '' : count}@${domain}`;
  }

  entry(person, address, fields = {}) {
    return {
      address,
      aliases: [],
      first_name: person.first,
      last_name: person.last,
      organisation_code: person.organisation,
      type: 'person',
      status: 'active',
      cqrs_account_id: '',
      ...fields,
    };
  }

  account(person, email, status, organisation, roles) {
    const last = this.random.chance(0.05) ? '' : this.random.day('2025-01-06', '2026-08-31');
    return {
      account_id: person.id,
      first_name: person.first,
      last_name: person.last,
      email,
      status,
      last_sign_in: last,
      organisation_code: organisation,
      roles,
    };
  }

  secondMembership(account) {
    return { ...account, organisation_code: this.elsewhere(account.organisation_code), roles: 'View' };
  }

  elsewhere(organisation) {
    const code = this.random.pick(this.practiceCodes);
    return code === organisation ? this.practiceCodes.find((other) => other !== organisation) : code;
  }
}

function truthOf(account_id, segment, sso, reason) {
  return { account_id, segment, can_use_sso: sso ? 'yes' : 'no', reason };
}
