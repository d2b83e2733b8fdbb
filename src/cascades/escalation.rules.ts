import { z } from 'zod';
import { type WorkingCalendar } from '../shared/working-calendar.js';
import { isAnswered, type StepState } from './step.rules.js';

/**
 * Whom it is taken to when an organisation does not act: the organisation's own deputies, the organisation above, the
 * CQRS team, or past the organisation to its practices themselves.
 */
const ESCALATION_TARGETS = ['deputy', 'parent', 'team', 'practices'] as const;
export type EscalationTarget = (typeof ESCALATION_TARGETS)[number];

const rungsSchema = z
  .array(
    z.strictObject({
      to: z.enum(ESCALATION_TARGETS),
      /** Working hours since the ladder began, or since the rung before: never at weekends or on bank holidays. */
      afterHours: z.number().min(0).max(200),
    }),
  )
  .max(8);

/** What happens when nobody answers or acts, as data. */
export const escalationPolicySchema = z
  .strictObject({
    /** Working hours after the request within which an answer is in time. Later ones count as late. */
    answerWithinHours: z.number().min(1).max(400),
    /** Ladders of silence: they begin with the request. */
    commissioner: rungsSchema,
    region: rungsSchema,
    /**
     * Ladders of an organisation that has answered and not passed the request on to everybody below: they begin with
     * its last answer, so that acknowledging, or passing on to some, gives it that much time for the rest.
     */
    notPassedOn: z.strictObject({ commissioner: rungsSchema, region: rungsSchema }),
    /** How many organisations one run may escalate for; the others wait for the next run. */
    mostPerRun: z.number().int().min(1).max(10_000),
    /** How many people of one organisation a rung writes to. */
    mostContacts: z.number().int().min(1).max(20),
  })
  .meta({ id: 'EscalationPolicy' });
export type EscalationPolicy = z.infer<typeof escalationPolicySchema>;

/**
 * Deputies after a working day, then the region, then the CQRS team, a working day apart. Whoever acknowledges has two
 * working days to pass the request on. A region that acknowledges is not chased: its commissioners were asked as well.
 */
export const DEFAULT_ESCALATION: EscalationPolicy = {
  answerWithinHours: 20,
  commissioner: [
    { to: 'deputy', afterHours: 10 },
    { to: 'parent', afterHours: 10 },
    { to: 'team', afterHours: 10 },
  ],
  region: [
    { to: 'deputy', afterHours: 10 },
    { to: 'team', afterHours: 10 },
  ],
  notPassedOn: {
    commissioner: [
      { to: 'deputy', afterHours: 20 },
      { to: 'parent', afterHours: 10 },
      { to: 'team', afterHours: 10 },
    ],
    region: [],
  },
  mostPerRun: 200,
  mostContacts: 2,
};

/** The same, but in the end the service writes itself to the practices that a commissioner leaves without word. */
export const ESCALATION_PAST_COMMISSIONERS: EscalationPolicy = {
  ...DEFAULT_ESCALATION,
  commissioner: pastCommissioners(DEFAULT_ESCALATION.commissioner),
  notPassedOn: { commissioner: pastCommissioners(DEFAULT_ESCALATION.notPassedOn.commissioner), region: [] },
};

function pastCommissioners(rungs: EscalationPolicy['commissioner']): EscalationPolicy['commissioner'] {
  return rungs.map((rung) => (rung.to === 'team' ? { ...rung, to: 'practices' } : rung));
}

/** Why something is taken further. */
export type Cause = 'silence' | 'not-passed-on' | 'declined';

/** An organisation that has not answered, does not take the request on, or has people below whom it has not told. */
export interface Owing {
  readonly code: string;
  readonly kind: 'region' | 'commissioner';
  readonly state: StepState;
  /** When it was asked, or should have been; when it last answered, if it did. */
  readonly since: Date;
  /** How many rungs of its present ladder were taken, and when the last one. An answer begins the next ladder. */
  readonly rung: number;
  readonly rungAt: Date | null;
}

export interface DueRung {
  readonly code: string;
  readonly kind: 'region' | 'commissioner';
  /** From 1. */
  readonly rung: number;
  readonly target: EscalationTarget;
  readonly cause: Cause;
}

export interface NextRung extends DueRung {
  readonly dueAt: Date;
}

/**
 * The next rung of each organisation for which one is due now, at most one each, those asked first in front. Nothing
 * is due outside sending hours. Where no email arrives, and where the request was declined, waiting is pointless: the
 * first rung is due at once, and what was declined goes on to whoever is above, once and never to deputies.
 */
export function rungsDue(
  organisations: readonly Owing[],
  policy: EscalationPolicy,
  now: Date,
  calendar: WorkingCalendar,
): DueRung[] {
  if (!calendar.isWithinSendingHours(now)) return [];
  return organisations
    .flatMap((organisation) => {
      const next = nextRung(organisation, policy, calendar);
      return next && next.dueAt <= now ? [{ organisation, next }] : [];
    })
    .sort((a, b) => compare(a.organisation, b.organisation))
    .slice(0, policy.mostPerRun)
    .map(({ next: { dueAt: _, ...rung } }) => rung);
}

/** What is done next about an organisation if it stays as it is, and when; undefined when all has been done. */
export function nextRung(
  { code, kind, state, since, rung, rungAt }: Owing,
  policy: EscalationPolicy,
  calendar: WorkingCalendar,
): NextRung | undefined {
  const cause = causeOf(state);
  const rungs = cause === 'not-passed-on' ? policy.notPassedOn[kind] : policy[kind];
  const index = cause === 'declined' ? rungOfRefusal(rungs, rung, since, rungAt) : rung;
  const next = index === undefined ? undefined : rungs[index];
  if (index === undefined || next === undefined) return undefined;
  const pointless = cause === 'declined' || (state === 'undeliverable' && rung === 0);
  const from = cause === 'declined' ? since : (rungAt ?? since);
  const dueAt = calendar.addWorkingHours(from, pointless ? 0 : next.afterHours);
  return { code, kind, rung: index + 1, target: next.to, cause, dueAt };
}

function causeOf(state: StepState): Cause {
  if (state === 'declined') return 'declined';
  return isAnswered(state) ? 'not-passed-on' : 'silence';
}

/** Whoever is next above; when silence had gone all the way up already, the last of them hears of the refusal too. */
function rungOfRefusal(
  rungs: EscalationPolicy['commissioner'],
  rung: number,
  declinedAt: Date,
  rungAt: Date | null,
): number | undefined {
  if (rungAt !== null && rungAt >= declinedAt) return undefined;
  const above = rungs.flatMap(({ to }, i) => (to === 'deputy' ? [] : [i]));
  return above.find((i) => i >= rung) ?? above.at(-1);
}

function compare(a: Owing, b: Owing): number {
  return a.since.getTime() - b.since.getTime() || (a.code < b.code ? -1 : 1);
}
