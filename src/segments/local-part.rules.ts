import { personNameParts } from '../shared/person-name.js';

interface Named {
  readonly firstName: string;
  readonly lastName: string;
}

/**
 * Words that name a desk and not a person ("reception.a81001", "highstreet.surgery", "enquiries2"). Weak evidence: asked
 * only where the directory does not know the address.
 */
const DESK_WORDS: ReadonlySet<string> = new Set([
  'accounts',
  'admin',
  'administration',
  'administrator',
  'appointments',
  'comms',
  'communications',
  'contact',
  'contracting',
  'contracts',
  'correspondence',
  'enquiries',
  'enquiry',
  'finance',
  'generic',
  'helpdesk',
  'inbox',
  'info',
  'information',
  'mailbox',
  'noreply',
  'office',
  'payments',
  'postmaster',
  'practice',
  'practicemanager',
  'prescriptions',
  'primarycare',
  'reception',
  'referrals',
  'reports',
  'results',
  'secretaries',
  'shared',
  'support',
  'surgery',
  'team',
  'workflow',
]);

/**
 * True when a word of the local part names a desk or one of the holder's organisations ("a81001.generic"), and no word
 * of it is a name of the holder's.
 */
export function looksLikeDesk(local: string, holder: Named, organisationCodes: readonly string[]): boolean {
  const words = local.split(/[._+-]+/);
  const isDesk = words.some(
    (word) => DESK_WORDS.has(word.replace(/\d+$/, '')) || organisationCodes.includes(word.toUpperCase()),
  );
  if (!isDesk) return false;
  const { given, family } = personNameParts(holder.firstName, holder.lastName);
  return !words.some((word) => word === family || given.includes(word));
}

/** True when the local part is exactly the person's names in order ("testa.sample"), without number or tag. */
export function spellsName(local: string, person: Named): boolean {
  const { given, family } = personNameParts(person.firstName, person.lastName);
  return given.length > 0 && family !== '' && local.replace(/[.'_-]/g, '') === given.join('') + family;
}

/** "testa.sample+cqrs" -> "testa.sample"; undefined without a tag. */
export function withoutTag(local: string): string | undefined {
  const plus = local.indexOf('+');
  return plus > 0 ? local.slice(0, plus) : undefined;
}

/** "testa.sample2" -> "testa.sample"; undefined without a number at the end. */
export function withoutNumber(local: string): string | undefined {
  const base = local.replace(/\d+$/, '');
  return base !== '' && base !== local ? base : undefined;
}
