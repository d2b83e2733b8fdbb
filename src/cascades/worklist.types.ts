import { type WorklistNeed } from './contact.rules.js';

/** A practice on a commissioner's list, or a commissioner on a region's. Counts only: it may be seen without sign-in. */
export interface WorklistLine {
  readonly code: string;
  readonly name: string;
  /** Practices at risk of missing payment: 0 or 1 for a practice. */
  readonly practicesAtRisk: number;
  readonly practices: number;
  readonly mismatched: number;
  readonly unknown: number;
  readonly unreachable: number;
  /** Accounts whose NHSmail address is gone: their holders have probably left. They are in no other count. */
  readonly left: number;
  /** Confirmed, passed on, silent…; of a commissioner, its state. */
  readonly status: string;
}

/** Somebody who needs help to sign in. Personal data: for people who have signed in. */
export interface WorklistPerson {
  readonly organisationCode: string;
  readonly organisationName: string;
  readonly atRisk: boolean;
  readonly accountId: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly registeredAddress: string | null;
  readonly roles: readonly string[];
  readonly need: WorklistNeed;
  /** What the commissioner is asked to do. */
  readonly action: string;
  /** The NHSmail address that the directory holds for the person, or what the registered one was meant to be. */
  readonly suggestion: string | null;
  /** The NHSmail address under which a new account would be right. */
  readonly newAddress: string | null;
}
