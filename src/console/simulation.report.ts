import { z } from 'zod';

export const SCENARIOS = ['nobody-acts', 'most-act', 'smtp-down'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

const count = z.number().int();

/** What the `simulate` command answers: times are London wall clocks. Fields that no page shows are left out. */
export const simulationReportSchema = z.object({
  from: z.string(),
  until: z.string(),
  scenario: z.enum(SCENARIOS),
  notes: z.array(z.string()),
  campaigns: z.array(z.object({ name: z.string(), kind: z.string(), state: z.string() })),
  calendar: z.array(
    z.object({
      day: z.string(),
      time: z.string(),
      campaign: z.string(),
      kind: z.string(),
      step: z.string(),
      what: z.string(),
      reason: z.string().nullable(),
      messages: count,
      people: count,
      practices: count,
      commissioners: count,
    }),
  ),
  reminders: z.array(
    z.object({
      step: z.string(),
      dueAt: z.string(),
      state: z.string(),
      approved: count,
      sent: count,
      workDone: count,
      expired: count,
    }),
  ),
  missed: z.object({ practices: count, waitingForPractice: count, waitingForCommissioner: count }),
  messages: z.record(z.string(), count),
  afterCutoff: z.object({ messages: count, people: count, practices: count }),
  readiness: z.record(z.string(), z.object({ ready: count, atRisk: count })),
  seconds: z.number(),
});
export type SimulationReport = z.infer<typeof simulationReportSchema>;
export type SimulationEvent = SimulationReport['calendar'][number];
