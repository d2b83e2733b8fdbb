import { localPart } from './names.mjs';

/**
 * What can be the matter with an account, at believable rates (parts per thousand), and the truth about it: the sign-in
 * segment, and whether its holder can in fact sign in by NHSmail single sign-on under the registered address.
 *
 * `make` gets a context with the person and returns the registered address, entries for the NHSmail directory, and
 * whatever else differs from an ordinary account.
 *
 * @typedef {{first: string, last: string, id: string, organisation: string}} Person
 * @typedef {{person: Person, random: import('./random.mjs').Random, primary: string, number: (base: string) => string,
 *   entry: (fields?: object) => object, elsewhere: string}} Context
 * @typedef {{email: string, entries?: object[], account?: object, noNhsmail?: boolean}} Made
 * @typedef {{id: string, rate: number, segment: string, sso: boolean, make: (context: Context) => Made}} Case
 */

/** Linked by the directory's own record in part, and by nothing but the name otherwise. @param {Context} context */
const perhapsLinked = ({ entry, random, person }) => entry(random.chance(0.5) ? { cqrs_account_id: person.id } : {});

const local = ({ first, last }) => localPart(first, last);

/** @type {readonly Case[]} */
export const CASES = [
  {
    id: 'own-address',
    rate: 602,
    segment: 'nhsmail',
    sso: true,
    make: (c) => ({ email: noise(c.random, c.primary), entries: [perhapsLinked(c)] }),
  },
  {
    id: 'directory-silent',
    rate: 45,
    segment: 'nhsmail-unconfirmed',
    sso: true,
    make: (c) => ({ email: c.primary }),
  },
  {
    id: 'alias',
    rate: 40,
    segment: 'mismatched',
    sso: false,
    make: (c) => {
      const alias = c.number(`${local(c.person)}.alias`);
      return { email: alias, entries: [{ ...perhapsLinked(c), aliases: [alias] }] };
    },
  },
  {
    id: 'former-name',
    rate: 8,
    segment: 'mismatched',
    sso: false,
    make: (c) => {
      // Registered before a change of surname: the old address lives on as an alias of the new one.
      const last = `${c.person.last}-Newname`;
      const address = c.number(localPart(c.person.first, last));
      return { email: c.primary, entries: [c.entry({ address, last_name: last, aliases: [c.primary] })] };
    },
  },
  {
    id: 'numbered-variant',
    rate: 20,
    segment: 'mismatched',
    sso: false,
    make: (c) => {
      // Registered without the number (or with another); the address as registered belongs to a namesake elsewhere.
      const own = c.number(local(c.person));
      const namesake = { ...c.entry({ address: c.primary }), organisation_code: c.elsewhere };
      return {
        email: c.primary,
        entries: [perhapsLinked({ ...c, entry: (f) => c.entry({ ...f, address: own }) }), namesake],
      };
    },
  },
  {
    id: 'plus-tag',
    rate: 6,
    segment: 'mismatched',
    sso: false,
    make: (c) => ({ email: c.primary.replace('@', '+cqrs@'), entries: [perhapsLinked(c)] }),
  },
  {
    id: 'nhs-uk-with-nhsmail',
    rate: 70,
    segment: 'mismatched',
    sso: false,
    make: (c) => ({ email: `${local(c.person)}@${nhsUk(c)}`, entries: [perhapsLinked(c)] }),
  },
  {
    id: 'nhs-uk-without-nhsmail',
    rate: 20,
    segment: 'without-nhsmail',
    sso: false,
    make: (c) => ({ email: `${local(c.person)}@${nhsUk(c)}`, noNhsmail: true }),
  },
  {
    id: 'nhs-uk-unknown',
    rate: 15,
    segment: 'unknown',
    sso: false,
    make: (c) => ({ email: `${local(c.person)}@${nhsUk(c)}` }),
  },
  {
    id: 'private-with-nhsmail',
    rate: 30,
    segment: 'mismatched',
    sso: false,
    make: (c) => ({ email: `${local(c.person)}@${privateDomain(c)}`, entries: [perhapsLinked(c)] }),
  },
  {
    id: 'private-without-nhsmail',
    rate: 25,
    segment: 'without-nhsmail',
    sso: false,
    make: (c) => ({ email: `${local(c.person)}@${privateDomain(c)}`, noNhsmail: true }),
  },
  {
    id: 'private-unknown',
    rate: 20,
    segment: 'unknown',
    sso: false,
    make: (c) => ({ email: `${local(c.person)}@${privateDomain(c)}` }),
  },
  {
    id: 'evil-domain',
    rate: 2,
    segment: 'unknown',
    sso: false,
    make: (c) => ({
      email: `${local(c.person)}@${c.random.pick(['evilnhs.net', 'nhs.net.example.com', 'my-nhs.net'])}`,
    }),
  },
  {
    id: 'homoglyph',
    rate: 1,
    segment: 'invalid',
    sso: false,
    make: (c) => ({ email: `${local(c.person)}@${c.random.pick(['nhѕ.net', 'nһs.net', 'nhs.nеt'])}` }),
  },
  {
    id: 'typing-slip',
    rate: 10,
    segment: 'invalid',
    sso: false,
    make: (c) => ({
      email: c.primary.replace(
        /@.*/,
        `@${c.random.pick(['nhs.ent', 'nhs.met', 'nsh.net', 'nhs.nte', 'nhsnet', 'hns.net'])}`,
      ),
      entries: [perhapsLinked(c)],
    }),
  },
  {
    id: 'shared-mailbox',
    rate: 12,
    segment: 'not-a-person',
    sso: false,
    make: (c) => desk(c, 'shared', 'surgery'),
  },
  { id: 'list', rate: 3, segment: 'not-a-person', sso: false, make: (c) => desk(c, 'list', 'staff') },
  { id: 'application', rate: 2, segment: 'not-a-person', sso: false, make: (c) => desk(c, 'application', 'system') },
  {
    id: 'entry-ended',
    rate: 14,
    segment: 'unknown',
    sso: false,
    make: (c) => ({
      email: c.primary,
      entries: [
        { ...perhapsLinked(c), status: c.random.pick(['leaver', 'leaver', 'disabled', 'inactive', 'deleted']) },
      ],
    }),
  },
  {
    id: 'address-of-a-colleague',
    rate: 2,
    segment: 'unknown',
    sso: false,
    make: (c) => {
      const address = c.number(localPart('Colleague', c.person.last));
      return { email: address, entries: [c.entry({ address, first_name: 'Colleague' })] };
    },
  },
  {
    id: 'account-disabled',
    rate: 20,
    segment: 'excluded',
    sso: false,
    make: (c) => ({ email: c.primary, entries: [perhapsLinked(c)], account: { status: 'disabled' } }),
  },
  {
    id: 'no-membership',
    rate: 10,
    segment: 'excluded',
    sso: false,
    make: (c) => ({ email: c.primary, entries: [perhapsLinked(c)], account: { organisation: '' } }),
  },
  {
    id: 'closed-practice',
    rate: 8,
    segment: 'excluded',
    sso: false,
    make: (c) => ({ email: c.primary, entries: [perhapsLinked(c)], account: { organisation: 'closed' } }),
  },
  {
    id: 'no-address',
    rate: 8,
    segment: 'invalid',
    sso: false,
    make: (c) => ({ email: '', entries: [perhapsLinked(c)] }),
  },
  {
    id: 'unreadable-address',
    rate: 4,
    segment: 'invalid',
    sso: false,
    make: (c) => ({
      email: c.random.pick([
        local(c.person),
        'unknown',
        `${local(c.person)} @nhs.net`,
        `${local(c.person)}@@nhs.net`,
        'n/a',
      ]),
    }),
  },
];

/** What a registered address looks like after years of typing: the same address all the same. */
function noise(random, address) {
  return random.weighted([
    [address, 90],
    [address.toUpperCase(), 3],
    [address.replace(/(^|\.)(\w)/g, (_, dot, letter) => dot + letter.toUpperCase()).replace(/\.\w+$/, '.net'), 4],
    [` ${address}`, 1],
    [`${address}  `, 1],
    [`${address}\u00a0`, 0.5],
    [`\u200b${address}`, 0.5],
  ]);
}

function desk(c, type, word) {
  const address = c.number(`${c.person.organisation.toLowerCase()}.${word}`);
  return { email: address, entries: [c.entry({ address, type, first_name: '', last_name: '' })] };
}

function nhsUk({ random, person }) {
  return random.pick(['nhs.uk', `${person.organisation.toLowerCase()}.nhs.uk`, 'sample-surgery.nhs.uk']);
}

function privateDomain({ random }) {
  return random.pick(['example.com', 'example.org', 'mail.example', 'surgery.example.net', 'post.example']);
}
