import { z } from 'zod';
import { pageQuery, pageSchema, queryFlag } from '../platform/http/index.js';
import { DECLARATION_STATUSES, declarationSchema } from './declaration.rules.js';
import { type WindowChange } from './declaration-window.repository.js';
import { type DeclarationWindow, type WindowNotice } from './declaration-window.rules.js';
import { REMINDER_POLICY_EXAMPLE, type ReminderLadder, reminderPolicySchema } from './reminder-ladder.rules.js';

export const windowIdSchema = z.uuid();
const instant = z.iso.datetime();
const wallClock = z.string().describe('Europe/London wall clock: YYYY-MM-DDTHH:mm');

const windowShape = {
  id: z.uuid(),
  name: z.string(),
  service: z.string().nullable(),
  period: z.string().nullable(),
  cutoff: wallClock,
  reopening: wallClock,
  pcse: wallClock,
  signInChange: wallClock.nullable(),
  reminderPolicy: reminderPolicySchema,
  version: z.number().int().describe('Also the ETag'),
  timesSetAt: instant,
  createdAt: instant,
  updatedAt: instant,
};

const EXAMPLE = {
  id: '7f9d5c1e-6f1b-5d0a-9a57-0d1f1f6f2c11',
  name: 'September 2026',
  service: null,
  period: null,
  cutoff: '2026-09-18T12:00',
  reopening: '2026-09-23T08:00',
  pcse: '2026-09-28T08:00',
  signInChange: '2026-09-23T08:00',
  reminderPolicy: {
    sendingHours: { from: '08:00', to: '18:00', latestStart: '17:00' },
    steps: [{ kind: 'hours-before', id: '4-hours', label: '4 hours before', hours: 4 }],
  },
  version: 1,
  timesSetAt: '2026-08-03T08:00:00.000Z',
  createdAt: '2026-08-03T08:00:00.000Z',
  updatedAt: '2026-08-03T08:00:00.000Z',
};

export const windowSchema = z.object(windowShape).meta({ id: 'DeclarationWindow', examples: [EXAMPLE] });
export type WindowView = z.infer<typeof windowSchema>;

const noticeSchema = z.object({ level: z.enum(['warning', 'info']), code: z.string(), message: z.string() });
export const windowDetailSchema = z
  .object({ ...windowShape, notices: z.array(noticeSchema).describe('What is worth a look before anybody is told') })
  .meta({ id: 'DeclarationWindowDetail', examples: [{ ...EXAMPLE, notices: [] }] });
export type WindowDetail = z.infer<typeof windowDetailSchema>;

export const windowPageSchema = pageSchema(windowSchema).meta({ id: 'DeclarationWindowPage' });
export const windowQuerySchema = pageQuery(z.uuid(), {
  open: queryFlag().optional().describe('Only those whose cutoff is to come'),
});

export function windowView(window: DeclarationWindow): WindowView {
  return {
    ...window,
    cutoff: window.cutoff.isoLocal(),
    reopening: window.reopening.isoLocal(),
    pcse: window.pcse.isoLocal(),
    signInChange: window.signInChange?.isoLocal() ?? null,
    timesSetAt: window.timesSetAt.toISOString(),
    createdAt: window.createdAt.toISOString(),
    updatedAt: window.updatedAt.toISOString(),
  };
}

export const windowDetail = (window: DeclarationWindow, notices: readonly WindowNotice[]): WindowDetail => ({
  ...windowView(window),
  notices: [...notices],
});

export const ladderSchema = z
  .object({
    cutoff: instant.describe('Nothing that says "before" leaves at it or after it'),
    reminders: z.array(
      z.object({
        stepId: z.string(),
        label: z.string(),
        dueAt: instant,
        moved: z.object({ from: instant, reason: z.string() }).optional(),
      }),
    ),
    leftOut: z.array(z.object({ stepId: z.string(), label: z.string(), reason: z.string() })),
  })
  .meta({
    id: 'ReminderLadder',
    examples: [
      {
        cutoff: '2026-09-18T11:00:00.000Z',
        reminders: [
          { stepId: '2-working-days', label: '2 working days before', dueAt: '2026-09-16T08:00:00.000Z' },
          { stepId: '4-hours', label: '4 hours before', dueAt: '2026-09-18T07:00:00.000Z' },
        ],
        leftOut: [
          { stepId: '10-working-days', label: '10 working days before', reason: 'due before the window was set' },
        ],
      },
    ],
  });
export type LadderView = z.infer<typeof ladderSchema>;

export function ladderView({ cutoff, reminders, leftOut }: ReminderLadder): LadderView {
  return {
    cutoff: cutoff.toISOString(),
    reminders: reminders.map(({ stepId, label, dueAt, moved }) => ({
      stepId,
      label,
      dueAt: dueAt.toISOString(),
      ...(moved && { moved: { from: moved.from.toISOString(), reason: moved.reason } }),
    })),
    leftOut: [...leftOut],
  };
}

const snapshot = z.object({
  cutoff: wallClock,
  reopening: wallClock,
  pcse: wallClock,
  signInChange: wallClock.nullable(),
  reminderPolicy: reminderPolicySchema,
});
const TIMES_EXAMPLE = {
  cutoff: '2026-09-18T12:00',
  reopening: '2026-09-23T08:00',
  pcse: '2026-09-28T08:00',
  signInChange: '2026-09-23T08:00',
  reminderPolicy: REMINDER_POLICY_EXAMPLE,
};
export const historySchema = z
  .object({
    changes: z.array(
      z.object({
        version: z.number().int(),
        changedAt: instant,
        changedBy: z.string(),
        reason: z.string(),
        before: snapshot,
        after: snapshot,
      }),
    ),
  })
  .meta({
    id: 'DeclarationWindowHistory',
    examples: [
      {
        changes: [
          {
            version: 2,
            changedAt: '2026-09-16T08:00:00.000Z',
            changedBy: 'person:4f1c',
            reason: 'Outage',
            before: TIMES_EXAMPLE,
            after: { ...TIMES_EXAMPLE, cutoff: '2026-09-21T12:00' },
          },
        ],
      },
    ],
  });
export type HistoryView = z.infer<typeof historySchema>;

export const historyView = (changes: readonly WindowChange[]): HistoryView => ({
  changes: changes.map((change) => ({ ...change, changedAt: change.changedAt.toISOString() })),
});

const blockerSchema = z
  .object({
    organisationCode: z.string(),
    commissionerCode: z.string().nullable(),
    practice: z.boolean(),
    commissioner: z.boolean(),
    blockedBy: z.enum(['practice', 'commissioner', 'both']),
    services: z.array(
      z.object({
        service: z.string(),
        period: z.string(),
        status: z.enum(DECLARATION_STATUSES),
        blocker: z.enum(['practice', 'commissioner']),
      }),
    ),
  })
  .meta({
    id: 'Blocker',
    examples: [
      {
        organisationCode: 'A81001',
        commissionerCode: '16C',
        practice: false,
        commissioner: true,
        blockedBy: 'commissioner',
        services: [{ service: 'QOF', period: '2025/26', status: 'declared', blocker: 'commissioner' }],
      },
    ],
  });
export const blockerPageSchema = pageSchema(blockerSchema).meta({ id: 'BlockerPage' });
export const blockerQuerySchema = pageQuery(z.string(), {
  blockedBy: z.enum(['practice', 'commissioner', 'both']).optional(),
});

/** What fits into a JSON body of 4 MiB; the whole country takes a few requests, or one file. */
const MOST_AT_ONCE = 20_000;
export const declarationFeedSchema = z
  .strictObject({ declarations: z.array(declarationSchema).min(1).max(MOST_AT_ONCE) })
  .meta({
    id: 'DeclarationFeed',
    examples: [
      {
        declarations: [
          {
            organisationCode: 'A81001',
            service: 'QOF',
            period: '2025/26',
            declarationRequired: true,
            approvalRequired: true,
            status: 'declared',
            updatedAt: '2026-09-10T14:05:00+01:00',
          },
        ],
      },
    ],
  });

export const feedReportSchema = z
  .object({
    received: z.number().int(),
    added: z.number().int(),
    changed: z.number().int(),
    unchanged: z.number().int().describe('Told nothing new, or something older than what is known'),
    unknownOrganisations: z.array(z.string()).describe('Kept: the directory may only be late'),
  })
  .meta({
    id: 'DeclarationFeedReport',
    examples: [{ received: 1, added: 0, changed: 1, unchanged: 0, unknownOrganisations: [] }],
  });
