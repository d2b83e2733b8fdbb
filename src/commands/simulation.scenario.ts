import { createHash } from 'node:crypto';
import { type DeclarationStatus } from '../deadlines/index.js';
import { InvalidInputError } from '../shared/errors.js';
import { LondonTime } from '../shared/london-time.js';

export const SCENARIOS = ['nobody-acts', 'most-act', 'smtp-down'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** What happens to the service from outside while it works. */
export interface Scenario {
  readonly name: ScenarioName;
  /** Share of the organisations (0 to 1) that act on the first reminder. Always the same ones: by a hash of the code. */
  readonly actShare: number;
  /** The mail server does not answer from `from` until right before `until`. */
  readonly down: { readonly from: Date; readonly until: Date } | null;
  /** Shares of the messages (0 to 1) that the mail server refuses for good, and that it takes at the second attempt. */
  readonly refusedShare: number;
  readonly deferredShare: number;
}

export interface ScenarioChoice {
  readonly scenario?: ScenarioName;
  readonly actShare?: number;
  readonly smtpDown?: string;
  readonly refusedShare?: number;
  readonly deferredShare?: number;
}

/** Fills in what the name of a scenario means for a window; whatever is given by itself wins. */
export function scenarioOf(choice: ScenarioChoice, cutoff: LondonTime): Scenario {
  const name = choice.scenario ?? 'nobody-acts';
  const outage = choice.smtpDown ?? (name === 'smtp-down' ? `${cutoff.date}T10:00/${cutoff.date}T12:30` : undefined);
  return {
    name,
    actShare: choice.actShare ?? (name === 'most-act' ? 0.6 : 0),
    down: outage === undefined ? null : parseOutage(outage),
    refusedShare: choice.refusedShare ?? 0,
    deferredShare: choice.deferredShare ?? 0,
  };
}

/** Whether a thing of this name belongs to the share: the same answer in every run. */
export function isWithinShare(name: string, share: number): boolean {
  return share > 0 && createHash('sha256').update(name).digest().readUInt32BE() / 2 ** 32 < share;
}

export type Deed = 'declare' | 'approve' | 'financially-approve';

/** The status to which the deed brings a declaration; undefined when there is nothing to do. */
export function statusAfter(
  deed: Deed,
  declaration: { readonly status: DeclarationStatus; readonly approvalRequired: boolean },
): DeclarationStatus | undefined {
  const { status, approvalRequired } = declaration;
  switch (deed) {
    case 'declare':
      return status === 'not-declared' || status === 'returned' ? 'declared' : undefined;
    case 'approve':
      return status === 'declared' && approvalRequired ? 'approved' : undefined;
    case 'financially-approve':
      return status === 'approved' ? 'financially-approved' : undefined;
  }
}

function parseOutage(text: string): Scenario['down'] {
  const [from, until, ...more] = text.split('/').map((time) => LondonTime.parse(time).toInstant());
  if (!from || !until || more.length > 0 || from >= until) {
    throw new InvalidInputError(
      'bad-outage',
      '--smtp-down: expected two London times with a slash between them, as 2026-09-18T10:00/2026-09-18T12:30',
    );
  }
  return { from, until };
}
