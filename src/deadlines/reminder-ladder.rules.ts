import { z } from 'zod';
import { formatDateTime, LondonTime } from '../shared/london-time.js';
import { DEFAULT_SENDING_HOURS, sendingHoursSchema, type WorkingCalendar } from '../shared/working-calendar.js';
import { lineOf } from '../shared/text.schema.js';

const HOUR = 3_600_000;

const stepId = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Expected a step id in kebab case')
  .max(60);
const label = lineOf({ min: 1, max: 100 });

/** One rung as it is configured: a time of day some working days before the cutoff's day, or plain hours before it. */
const stepSchema = z.discriminatedUnion('kind', [
  z
    .object({
      kind: z.literal('working-days-before'),
      id: stepId,
      label,
      days: z.int().min(1).max(60),
      at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Expected a time of day as HH:mm'),
    })
    .strict(),
  z.object({ kind: z.literal('hours-before'), id: stepId, label, hours: z.number().positive().max(240) }).strict(),
]);
export type ReminderStep = z.infer<typeof stepSchema>;

export const REMINDER_POLICY_EXAMPLE = {
  sendingHours: { from: '08:00', to: '18:00', latestStart: '17:00' },
  steps: [
    { kind: 'working-days-before', id: '2-working-days', label: '2 working days before', days: 2, at: '09:00' },
    { kind: 'hours-before', id: '4-hours', label: '4 hours before', hours: 4 },
  ],
};

/** When to remind before a cutoff. Belongs to one declaration window and is data, kept with it. */
export const reminderPolicySchema = z
  .object({ sendingHours: sendingHoursSchema, steps: z.array(stepSchema).max(30).meta({ uniqueItems: true }) })
  .strict()
  .refine((policy) => new Set(policy.steps.map((step) => step.id)).size === policy.steps.length, {
    path: ['steps'],
    message: 'Expected a different id for each step',
  })
  .meta({ id: 'ReminderPolicy', description: 'Times of day are Europe/London', examples: [REMINDER_POLICY_EXAMPLE] });
export type ReminderPolicy = z.infer<typeof reminderPolicySchema>;

export const DEFAULT_REMINDER_POLICY: ReminderPolicy = {
  sendingHours: DEFAULT_SENDING_HOURS,
  steps: [
    { kind: 'working-days-before', id: '10-working-days', label: '10 working days before', days: 10, at: '09:00' },
    { kind: 'working-days-before', id: '5-working-days', label: '5 working days before', days: 5, at: '09:00' },
    { kind: 'working-days-before', id: '2-working-days', label: '2 working days before', days: 2, at: '09:00' },
    { kind: 'working-days-before', id: 'morning-before', label: 'the morning before', days: 1, at: '09:00' },
    { kind: 'hours-before', id: '4-hours', label: '4 hours before', hours: 4 },
  ],
};

export interface Reminder {
  readonly stepId: string;
  readonly label: string;
  /** In sending hours and strictly before the cutoff. */
  readonly dueAt: Date;
  /** Where the policy had placed it, when that was outside sending hours. It moves earlier, never later. */
  readonly moved?: { readonly from: Date; readonly reason: string };
}

/** The reminders of one window, strictly increasing, and the steps that none of them stands for. */
export interface ReminderLadder {
  /** Nothing that says "before" may leave at this instant or after it. */
  readonly cutoff: Date;
  readonly reminders: readonly Reminder[];
  readonly leftOut: readonly { readonly stepId: string; readonly label: string; readonly reason: string }[];
}

/**
 * Places the steps of a policy before a cutoff. When moving brings two steps together, the one that the policy had
 * placed nearer to the cutoff stays. With `from` (when the window was made or its cutoff moved) steps due before it
 * are left out, so that a window made late does not start with a reminder that is already old.
 */
export function remindersFor(
  window: { readonly cutoff: LondonTime },
  calendar: WorkingCalendar,
  policy: ReminderPolicy,
  from?: Date,
): ReminderLadder {
  const cutoff = window.cutoff.toInstant();
  const reminders: Reminder[] = [];
  const leftOut: { stepId: string; label: string; reason: string }[] = [];
  // From the cutoff backwards. The sort is stable, so of two steps at one time the later in the policy counts as nearer.
  const placed = policy.steps
    .map((step) => ({ step, planned: plannedTime(step, window.cutoff, calendar) }))
    .reverse()
    .sort((a, b) => b.planned.getTime() - a.planned.getTime());
  for (const { step, planned } of placed) {
    const reminder = reminderOf(step, planned, calendar, policy);
    const next = reminders[0];
    if (from !== undefined && reminder.dueAt < from) leftOut.unshift(omit(step, 'due before the window was set'));
    else if (next && reminder.dueAt >= next.dueAt) leftOut.unshift(omit(step, `would not come before "${next.label}"`));
    else reminders.unshift(reminder);
  }
  return { cutoff, reminders, leftOut };
}

function plannedTime(step: ReminderStep, cutoff: LondonTime, calendar: WorkingCalendar): Date {
  switch (step.kind) {
    case 'working-days-before':
      return LondonTime.at(calendar.addWorkingDays(cutoff.date, -step.days), step.at).toInstant();
    case 'hours-before':
      return new Date(cutoff.toInstant().getTime() - step.hours * HOUR);
  }
}

function reminderOf(step: ReminderStep, planned: Date, calendar: WorkingCalendar, policy: ReminderPolicy): Reminder {
  const dueAt = calendar.moveEarlierIntoSendingHours(planned, policy.sendingHours);
  const { id: stepId, label } = step;
  if (dueAt.getTime() === planned.getTime()) return { stepId, label, dueAt };
  const { from, to } = policy.sendingHours;
  const reason = `${formatDateTime(LondonTime.fromInstant(planned))} is outside sending hours (${from} to ${to} on working days)`;
  return { stepId, label, dueAt, moved: { from: planned, reason } };
}

function omit(step: ReminderStep, reason: string): ReminderLadder['leftOut'][number] {
  return { stepId: step.id, label: step.label, reason };
}
