import { z } from 'zod';

export const SCENARIOS = ['nobody-acts', 'most-act', 'smtp-down'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

const count = z.number().int();

/** What the `simulate` command answers: times are London wall clocks. Fields that no page shows are left out. */
const simulationReportSchema = z.object({
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

export const CASCADE_SCRIPTS = ['most-pass-on', 'many-silent', 'many-only-acknowledge'] as const;
export type CascadeScriptName = (typeof CASCADE_SCRIPTS)[number];

/** What the `cascade simulate` command answers. */
const cascadeSimulationSchema = z.object({
  from: z.string(),
  until: z.string(),
  script: z.enum(CASCADE_SCRIPTS),
  answers: count,
  escalations: count,
  days: z.array(
    z.object({
      day: z.string(),
      acknowledged: count,
      passedOn: count,
      declined: count,
      takenFurther: count,
      practicesTold: count,
      practicesConfirmed: count,
    }),
  ),
  coverage: z.object({
    practices: count,
    confirmed: count,
    passedOn: count,
    silent: count,
    unreachable: count,
    closed: count,
  }),
  seconds: z.number(),
});
export type CascadeSimulation = z.infer<typeof cascadeSimulationSchema>;

/** What is simulated of a window: the whole round, or its request to commissioners and regions alone. */
export interface Simulated {
  readonly window: { readonly scenario: ScenarioName; readonly report: SimulationReport };
  readonly cascade: { readonly scenario: CascadeScriptName; readonly report: CascadeSimulation };
}
export type Subject = keyof Simulated;

/** The command that plays it through, and what its answer has to look like. */
export const SIMULATION_COMMANDS: {
  readonly [S in Subject]: {
    readonly args: (windowId: string, scenario: Simulated[S]['scenario']) => readonly string[];
    readonly report: z.ZodType<Simulated[S]['report']>;
  };
} = {
  window: {
    args: (windowId, scenario) => ['simulate', windowId, '--json', '--scenario', scenario],
    report: simulationReportSchema,
  },
  cascade: {
    args: (windowId, script) => ['cascade', 'simulate', windowId, '--json', '--script', script],
    report: cascadeSimulationSchema,
  },
};
