import { z } from 'zod';
import { type WorkingCalendar } from '../shared/working-calendar.js';
import { type StepState } from './step.rules.js';

/**
 * Whom silence is taken to: the organisation's own deputies, the organisation above, the CQRS team, or past the
 * organisation to its practices themselves.
 */
export const ESCALATION_TARGETS = ['deputy', 'parent', 'team', 'practices'] as const;
export type EscalationTarget = (typeof ESCALATION_TARGETS)[number];

const rungsSchema = z
  .array(
    z.strictObject({
      to: z.enum(ESCALATION_TARGETS),
      /** Working hours of silence since the request, or since the rung before: never at weekends or on bank holidays. */
      afterHours: z.number().min(0).max(200),
    }),
  )
  .max(8);

/** What happens when nobody answers, as data. */
export const escalationPolicySchema = z
  .strictObject({
    /** Working hours after the request within which an answer is in time. Later ones count as late. */
    answerWithinHours: z.number().min(1).max(400),
    commissioner: rungsSchema,
    region: rungsSchema,
    /** How many organisations one run may escalate for; the others wait for the next run. */
    mostPerRun: z.number().int().min(1).max(10_000),
    /** How many people of one organisation a rung writes to. */
    mostContacts: z.number().int().min(1).max(20),
  })
  .meta({ id: 'EscalationPolicy' });
export type EscalationPolicy = z.infer<typeof escalationPolicySchema>;

/** Deputies after a working day, then the region, then the CQRS team, a working day apart. */
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
  mostPerRun: 200,
  mostContacts: 2,
};

/** The same, but in the end the service writes to the practices of a silent commissioner itself. */
export const ESCALATION_PAST_COMMISSIONERS: EscalationPolicy = {
  ...DEFAULT_ESCALATION,
  commissioner: [...DEFAULT_ESCALATION.commissioner.slice(0, 2), { to: 'practices', afterHours: 10 }],
};

/** An organisation that has not answered, or does not take the request on. */
export interface Unanswered {
  readonly code: string;
  readonly kind: 'region' | 'commissioner';
  readonly state: StepState;
  /** When it was asked, or should have been; when it declined, if it did. */
  readonly askedAt: Date;
  /** How many rungs were taken for it, and when the last one. */
  readonly rung: number;
  readonly rungAt: Date | null;
}

export interface DueRung {
  readonly code: string;
  readonly kind: 'region' | 'commissioner';
  /** From 1. */
  readonly rung: number;
  readonly target: EscalationTarget;
}

/**
 * The next rung of each organisation for which one is due now, at most one each, those asked first in front. Nothing
 * is due outside sending hours. Where no e-mail arrives, and where the request was declined, waiting is pointless: the
 * first rung is due at once, and what was declined goes on to whoever is above, once and never to deputies.
 */
export function rungsDue(
  organisations: readonly Unanswered[],
  policy: EscalationPolicy,
  now: Date,
  calendar: WorkingCalendar,
): DueRung[] {
  if (!calendar.isWithinSendingHours(now)) return [];
  return organisations
    .flatMap((organisation) => {
      const next = nextRung(organisation, policy);
      return next && next.dueAt(calendar) <= now ? [{ organisation, next }] : [];
    })
    .sort((a, b) => compare(a.organisation, b.organisation))
    .slice(0, policy.mostPerRun)
    .map(({ organisation: { code, kind }, next: { rung, target } }) => ({ code, kind, rung, target }));
}

function nextRung(
  { kind, state, askedAt, rung, rungAt }: Unanswered,
  policy: EscalationPolicy,
): { rung: number; target: EscalationTarget; dueAt: (calendar: WorkingCalendar) => Date } | undefined {
  const rungs = policy[kind];
  const declined = state === 'declined';
  const index = declined ? rungs.findIndex(({ to }, i) => i >= rung && to !== 'deputy') : rung;
  const step = rungs[index];
  const toldOfRefusal = declined && rungAt !== null && rungAt >= askedAt;
  if (step === undefined || toldOfRefusal) return undefined;
  const pointless = declined || (state === 'undeliverable' && rung === 0);
  const since = declined ? askedAt : (rungAt ?? askedAt);
  return {
    rung: index + 1,
    target: step.to,
    dueAt: (calendar) => (pointless ? since : calendar.addWorkingHours(since, step.afterHours)),
  };
}

function compare(a: Unanswered, b: Unanswered): number {
  return a.askedAt.getTime() - b.askedAt.getTime() || (a.code < b.code ? -1 : 1);
}
