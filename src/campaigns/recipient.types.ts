/** `direct`: an email to the registered address. `cascade`: through the commissioner only. `none`: nobody reaches them. */
export type Route = 'direct' | 'cascade' | 'none';

/** Work that still holds a payment up: a reminder about it is pointless once it is done. */
export interface Obligation {
  readonly organisation: string;
  readonly actor: 'practice' | 'commissioner';
}

/** One line of a plan: one email to one person, or one person who gets none and why. */
export interface PlannedRecipient {
  /** Stable and free of personal data. */
  readonly personKey: string;
  /** Tells several emails of one campaign to one person apart: '' or the ODS code that the email is about. */
  readonly topic: string;
  readonly accountIds: readonly string[];
  readonly organisationCodes: readonly string[];
  readonly regionCode: string | null;
  readonly commissionerCode: string | null;
  readonly segment: string;
  readonly rule: string;
  readonly route: Route;
  readonly address: string | null;
  readonly template: string | null;
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly obligations: readonly Obligation[] | null;
  readonly excluded: string | null;
}
