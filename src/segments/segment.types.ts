/** The sign-in group of an account: what its holder must do about the change to NHSmail single sign-on. */
export const SEGMENTS = [
  'nhsmail',
  'nhsmail-unconfirmed',
  'mismatched',
  'without-nhsmail',
  'unknown',
  'not-a-person',
  'invalid',
  'excluded',
] as const;
export type Segment = (typeof SEGMENTS)[number];

/**
 * `certain`: a record names this account, or the very address. `probable`: the best reading of what is known, such as
 * a full name that is unique in one organisation; it is for a person to check and never a reason to write to an
 * address that the account does not hold.
 */
export type Certainty = 'certain' | 'probable';

/** One thing that was known when the segment was decided, in plain words without anybody's name or address. */
export interface Evidence {
  readonly fact: string;
  readonly source: 'account' | 'organisations' | 'nhsmail-directory' | 'no-nhsmail-list' | 'domain-list' | 'name-list';
  readonly certainty: Certainty;
}

/** What would cure the account. Always a proposal to a person: nothing is corrected or written to on its strength. */
export type Suggestion =
  /** Ask for a new account under this NHSmail address, which the directory holds for the person. */
  | { readonly kind: 'new-account-with'; readonly address: string; readonly certainty: Certainty }
  /** The person already has another account under the right NHSmail address. */
  | { readonly kind: 'use-account'; readonly accountId: string; readonly certainty: Certainty }
  /** The registered address looks like a slip of the keyboard for this one. */
  | { readonly kind: 'did-you-mean'; readonly address: string; readonly certainty: Certainty };

/** What is known of one CQRS account. Texts are as the export has them. */
export interface SegmentAccount {
  readonly id: string;
  readonly firstName: string;
  readonly lastName: string;
  /** `personNameKey` of the two names; empty when one is missing. */
  readonly nameKey: string;
  readonly email: string | null;
  readonly status: 'active' | 'disabled';
  readonly organisations: readonly { readonly code: string; readonly closed: boolean }[];
  /** Day (ISO date) on which somebody confirmed that the person has no NHSmail address, or null. */
  readonly confirmedWithoutNhsmailOn: string | null;
  /** Codes of those of its organisations in which another active account bears the same name. */
  readonly namesakesIn: readonly string[];
}

/** One entry of the NHSmail directory that may have to do with the account. Addresses are normalised. */
export interface KnownNhsmail {
  readonly address: string;
  readonly aliases: readonly string[];
  readonly firstName: string;
  readonly lastName: string;
  readonly nameKey: string;
  readonly organisationCode: string | null;
  readonly type: 'person' | 'shared' | 'application' | 'list';
  readonly status: 'active' | 'inactive' | 'leaver' | 'disabled' | 'deleted';
  /** The CQRS account that the directory links to the entry; `nameKey` is empty when that account is not in the export. */
  readonly recordedAccount: { readonly id: string; readonly nameKey: string } | null;
  /** Active CQRS accounts registered under the entry's primary address. */
  readonly accountsUnderAddress: readonly { readonly id: string; readonly nameKey: string }[];
}

export interface SegmentResult {
  readonly accountId: string;
  readonly segment: Segment;
  /** Id of the rule that decided, for example `mismatched.alias`. */
  readonly rule: string;
  /** The weakest certainty among the evidence: a decision is as good as that. */
  readonly certainty: Certainty;
  readonly evidence: readonly Evidence[];
  readonly suggestion?: Suggestion;
  /** The registered address, normalised; absent when it cannot be read. */
  readonly address?: string;
  /** Primary address of the NHSmail entry that belongs to the account's person, if the directory shows one. */
  readonly nhsmail?: { readonly address: string; readonly certainty: Certainty };
}
