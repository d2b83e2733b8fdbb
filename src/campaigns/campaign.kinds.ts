import { type Segment } from '../segments/index.js';

export const CAMPAIGN_KINDS = [
  'sign-in-notice',
  'cascade-request',
  'payment-reminder',
  'after-cutoff',
  'guidance-follow-up',
  'correction',
] as const;
export type CampaignKind = (typeof CAMPAIGN_KINDS)[number];

/** Which of a window's instants ends the use of a message. */
export type Expiry = 'cutoff' | 'pcse' | 'none';

interface Kind {
  readonly title: string;
  /**
   * `people`: everybody with an account; `contacts`: commissioner and region staff; `blockers`: who may clear a payment;
   * `told-before`: whoever was told dates that are wrong now.
   */
  readonly audience: 'people' | 'contacts' | 'blockers' | 'told-before';
  readonly schedule: 'once' | 'ladder';
  readonly expiry: Expiry;
  /** Says that the cutoff has passed: it never leaves before, whenever it is launched. */
  readonly fromCutoff?: true;
  /** Waits for a person to release it, whatever its date. */
  readonly heldBack: boolean;
  /** Whether a campaign of the kind can be followed by one for whoever it did not reach. */
  readonly hasRemainder: boolean;
  /** Tells each how to sign in, by what the directory says of them: it must not when that is not true any more. */
  readonly bySignIn: boolean;
  /** Tells the day of the sign-in change, so that its window must have one. */
  readonly needsSignInChange: boolean;
}

/** The kinds of communication there are, as data. A new kind needs a row here and its templates. */
export const KINDS: Readonly<Record<CampaignKind, Kind>> = {
  'sign-in-notice': {
    title: 'Sign-in notice with the payment cutoff, by segment',
    audience: 'people',
    schedule: 'once',
    expiry: 'cutoff',
    heldBack: false,
    hasRemainder: true,
    bySignIn: true,
    needsSignInChange: true,
  },
  'cascade-request': {
    title: 'Request to commissioners and regions to pass the message on',
    audience: 'contacts',
    schedule: 'once',
    expiry: 'cutoff',
    heldBack: false,
    // Its cascade asks again, and asks others, by itself.
    hasRemainder: false,
    bySignIn: false,
    needsSignInChange: true,
  },
  'payment-reminder': {
    title: 'Reminders before the cutoff to whoever blocks a payment',
    audience: 'blockers',
    schedule: 'ladder',
    expiry: 'cutoff',
    heldBack: false,
    // The next reminder goes to everybody who still has to act.
    hasRemainder: false,
    bySignIn: false,
    needsSignInChange: false,
  },
  'after-cutoff': {
    title: 'The next chance, to whoever missed the cutoff',
    audience: 'blockers',
    schedule: 'once',
    expiry: 'pcse',
    fromCutoff: true,
    heldBack: false,
    hasRemainder: true,
    bySignIn: false,
    needsSignInChange: false,
  },
  'guidance-follow-up': {
    title: 'Guidance for people without NHSmail, once it is ready',
    audience: 'people',
    schedule: 'once',
    expiry: 'none',
    heldBack: true,
    hasRemainder: true,
    bySignIn: true,
    needsSignInChange: true,
  },
  correction: {
    title: 'Correction to everybody who was told dates that have changed',
    audience: 'told-before',
    schedule: 'once',
    expiry: 'cutoff',
    heldBack: false,
    hasRemainder: true,
    bySignIn: false,
    needsSignInChange: false,
  },
};

/** Segments whose people are never written to, with the reason that the plan shows. */
export const NOT_MAILED: Readonly<Partial<Record<Segment, string>>> = {
  invalid: "no usable address: on the administrator's worklist",
  excluded: 'disabled, without organisation or organisation closed',
};

/** The template that a segment gets in a sign-in notice. */
export const SIGN_IN_TEMPLATES: Readonly<Record<Exclude<Segment, 'invalid' | 'excluded'>, string>> = {
  nhsmail: 'sign-in-nhsmail',
  'nhsmail-unconfirmed': 'sign-in-nhsmail-unconfirmed',
  mismatched: 'sign-in-mismatched',
  'without-nhsmail': 'sign-in-without-nhsmail',
  unknown: 'sign-in-unknown',
  'not-a-person': 'sign-in-shared-mailbox',
};

/**
 * What a template tells a person to do when they sign in. Nobody can follow two of them; templates that are not here
 * name both ways, or none.
 */
export const SIGN_IN_INSTRUCTIONS: Readonly<Record<string, 'single-sign-on' | 'new-account' | 'keep-password'>> = {
  'sign-in-nhsmail': 'single-sign-on',
  'sign-in-nhsmail-unconfirmed': 'single-sign-on',
  'sign-in-mismatched': 'new-account',
  'sign-in-without-nhsmail': 'keep-password',
  'guidance-follow-up': 'keep-password',
};

/** The CQRS roles by which a payment moves on. */
export const CLEARING_ROLES = {
  practice: ['Declaration Management'],
  commissioner: ['Approval Management', 'Finance Management'],
} as const;
