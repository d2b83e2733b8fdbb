import { z } from 'zod';
import { pageQuery, pageSchema } from '../platform/http/index.js';
import { LINK_PURPOSES } from '../shared/organisation-link.js';
import { odsCodeSchema } from '../shared/ods-code.js';
import { lineOf, textOf } from '../shared/text.schema.js';
import { type CascadeRow, type OrganisationRow, type StepRow } from './cascade.repository.js';
import { MOST_DRILL_CONTACTS, USUAL_DRILL_CONTACTS } from './drill.service.js';
import { snapshotOf } from './report.service.js';
import { SCORED_STEPS } from './score.repository.js';
import { ANSWERS, COVERAGES, STEP_STATES, TREE_KINDS } from './step.rules.js';

const instant = z.iso.datetime().nullable();
const count = z.number().int();

export const cascadeIdSchema = z.uuid();
export const listQuerySchema = pageQuery(z.tuple([z.iso.datetime(), z.uuid()]), {});

export const cascadeSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    campaignId: z.uuid().nullable().describe('Null for a drill'),
    frozenAt: z.iso.datetime(),
    answerBy: z.iso.datetime().describe('Later answers count, as late'),
    linksExpireAt: z.iso.datetime(),
    snapshot: z.string().describe('From which imports the tree was made'),
    closedAt: instant,
  })
  .meta({
    id: 'Cascade',
    examples: [
      {
        id: '01a222f3-549a-77f3-abc9-355d0b5be589',
        name: 'Please cascade to your practices',
        campaignId: '01a222f3-549a-77f3-abc9-355d0b5be589',
        frozenAt: '2026-09-07T08:00:00.000Z',
        answerBy: '2026-09-09T08:00:00.000Z',
        linksExpireAt: '2026-12-27T07:00:00.000Z',
        snapshot: 'tree frozen 2026-09-07T08:00:00.000Z, accounts import 2, organisations import 1',
        closedAt: null,
      },
    ],
  });
export type CascadeView = z.infer<typeof cascadeSchema>;
export const cascadePageSchema = pageSchema(cascadeSchema).meta({ id: 'CascadePage' });

export const drillSchema = z
  .strictObject({
    name: lineOf({ min: 1, max: 200 }),
    regions: z.array(odsCodeSchema).max(20).default([]).describe('None: the whole country'),
    practices: z.boolean().default(false).describe('Write to practices as well'),
    contacts: z
      .int()
      .min(1)
      .max(MOST_DRILL_CONTACTS)
      .default(USUAL_DRILL_CONTACTS)
      .describe('To how many people of each organisation'),
    at: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('Default: now. Outside sending hours it leaves when the next begin'),
  })
  .meta({ id: 'NewDrill', examples: [{ name: 'Rehearsal in August', regions: ['Y63'] }] });

export const scoreSchema = z
  .object({
    items: z.array(
      z.object({
        kind: z.enum(TREE_KINDS),
        step: z.enum(SCORED_STEPS).describe('`answer`: the first word of any kind; of a drill, its button'),
        asked: count,
        taken: count,
        medianHours: z.number().nullable().describe('By the clock, since each was asked'),
        slowestHours: z.number().nullable(),
        never: count.describe('Asked, and not so far'),
      }),
    ),
  })
  .meta({
    id: 'CascadeScore',
    examples: [
      {
        items: [
          {
            kind: 'commissioner',
            step: 'answer',
            asked: 12,
            taken: 9,
            medianHours: 1.5,
            slowestHours: 20.25,
            never: 3,
          },
        ],
      },
    ],
  });

const coverageRowSchema = z
  .object({
    level: z.enum(['nation', 'region', 'commissioner']),
    regionCode: z.string().nullable(),
    commissionerCode: z.string().nullable(),
    name: z.string(),
    state: z.enum(STEP_STATES).nullable(),
    answeredAt: instant,
    answeredLate: z.boolean(),
    practices: count,
    confirmed: count,
    passedOn: count,
    silent: count,
    unreachable: count,
    closed: count,
    joinedLate: count,
    moved: count,
    atRiskBefore: count,
    atRiskNow: count,
    peopleToHelp: count,
    peopleHelped: count,
    commissioners: count,
    commissionersAnswered: count,
    commissionersLate: count,
  })
  .meta({ id: 'CascadeCoverage', description: 'Every parent is the sum of its children' });
export const coverageSchema = z.object({ items: z.array(coverageRowSchema) }).meta({
  id: 'CascadeCoverageList',
  examples: [
    {
      items: [
        {
          level: 'nation',
          regionCode: null,
          commissionerCode: null,
          name: 'England',
          practices: 80,
          confirmed: 6,
          passedOn: 50,
          silent: 22,
          unreachable: 1,
          closed: 1,
          joinedLate: 0,
          moved: 0,
          atRiskBefore: 16,
          atRiskNow: 10,
          peopleToHelp: 37,
          peopleHelped: 15,
          commissioners: 12,
          commissionersAnswered: 9,
          commissionersLate: 1,
          state: null,
          answeredAt: null,
          answeredLate: false,
        },
      ],
    },
  ],
});

export const practiceQuerySchema = pageQuery(z.string(), {
  region: odsCodeSchema.optional(),
  commissioner: odsCodeSchema.optional(),
  coverage: z.enum(COVERAGES).optional(),
});
const practiceRowSchema = z
  .object({
    code: z.string(),
    name: z.string(),
    commissionerCode: z.string().nullable(),
    regionCode: z.string().nullable(),
    coverage: z.enum(COVERAGES),
    state: z.enum(STEP_STATES),
    joinedLate: z.boolean(),
    change: z.enum(['closed', 'moved']).nullable(),
    movedTo: z.string().nullable(),
    passedOnAt: instant,
    confirmedAt: instant,
    writtenAt: instant.describe('When the service wrote to it itself'),
    atRiskBefore: z.boolean(),
    atRiskNow: z.boolean(),
    peopleToHelp: count,
  })
  .meta({
    id: 'CascadePractice',
    examples: [
      {
        code: 'A81001',
        name: 'THE DENSHAM SURGERY',
        commissionerCode: '16C',
        regionCode: 'Y63',
        coverage: 'passed-on',
        state: 'passed-on',
        joinedLate: false,
        change: null,
        movedTo: null,
        passedOnAt: '2026-09-08T07:00:00.000Z',
        confirmedAt: null,
        writtenAt: null,
        atRiskBefore: true,
        atRiskNow: false,
        peopleToHelp: 1,
      },
    ],
  });
export const practicePageSchema = pageSchema(practiceRowSchema).meta({ id: 'CascadePracticePage' });

export const organisationSchema = z
  .object({
    code: z.string(),
    kind: z.enum(TREE_KINDS),
    name: z.string(),
    state: z.enum(STEP_STATES),
    answeredLate: z.boolean(),
    coverage: z.enum(COVERAGES).nullable(),
    steps: z.array(
      z.object({
        action: z.string(),
        at: z.iso.datetime(),
        late: z.boolean(),
        actor: z.string(),
        details: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({
    id: 'CascadeOrganisation',
    examples: [
      {
        code: '16C',
        kind: 'commissioner',
        name: 'NHS TEES VALLEY',
        state: 'acknowledged',
        answeredLate: false,
        coverage: null,
        steps: [{ action: 'acknowledge', at: '2026-09-08T07:00:00.000Z', late: false, actor: 'link:16C', details: {} }],
      },
    ],
  });
export type OrganisationView = z.infer<typeof organisationSchema>;

export const answerBodySchema = z
  .strictObject({
    answer: z.enum(ANSWERS),
    below: z.array(odsCodeSchema).min(1).max(1_000).optional(),
    reason: textOf({ min: 1, max: 500 }).optional(),
  })
  .meta({ id: 'CascadeAnswer', examples: [{ answer: 'pass-on', below: ['A81001'] }] });
export const answerResultSchema = z
  .object({ outcome: z.enum(['recorded', 'already']), state: z.enum(STEP_STATES), late: z.boolean() })
  .meta({ id: 'CascadeAnswerResult', examples: [{ outcome: 'recorded', state: 'acknowledged', late: false }] });

export const newLinkSchema = z
  .strictObject({
    purpose: z.enum(LINK_PURPOSES),
    hours: z
      .number()
      .int()
      .min(1)
      .max(24 * 60)
      .optional()
      .describe('Default: as long as the cascade’s links last'),
  })
  .meta({ id: 'NewCascadeLink', examples: [{ purpose: 'pack', hours: 72 }] });
export const linkSchema = z.object({ url: z.url(), expiresAt: z.iso.datetime() }).meta({
  id: 'CascadeLink',
  examples: [
    {
      url: 'https://comms.cqrs.example/cascade/answer.01a222f3549a77f3abc9355d0b5be589.16C.1.tqozg0.example',
      expiresAt: '2026-12-27T07:00:00.000Z',
    },
  ],
});

export const tellingsSchema = z
  .object({
    items: z.array(
      z.object({
        kind: z.enum(['message', 'step']),
        at: instant,
        route: z.enum(['direct', 'cascade', 'answer']),
        what: z.string(),
        state: z.string(),
        cascadeOrCampaign: z.uuid(),
        by: z.string().nullable(),
        sha256: z.string().nullable(),
      }),
    ),
  })
  .meta({
    id: 'Tellings',
    examples: [
      {
        items: [
          {
            kind: 'step',
            at: '2026-09-08T07:00:00.000Z',
            route: 'cascade',
            what: 'passed on by its commissioner or region',
            state: 'in time',
            cascadeOrCampaign: '01a222f3-549a-77f3-abc9-355d0b5be589',
            by: '16C',
            sha256: null,
          },
        ],
      },
    ],
  });

export function cascadeView(row: CascadeRow): CascadeView {
  return {
    id: row.id,
    name: row.name,
    campaignId: row.campaign_id,
    frozenAt: row.frozen_at.toISOString(),
    answerBy: row.answer_by.toISOString(),
    linksExpireAt: row.links_expire_at.toISOString(),
    snapshot: snapshotOf(row),
    closedAt: row.closed_at?.toISOString() ?? null,
  };
}

export function organisationView(row: OrganisationRow, steps: readonly StepRow[]): OrganisationView {
  return {
    code: row.code,
    kind: row.kind,
    name: row.name,
    state: row.state,
    answeredLate: row.answered_late,
    coverage: row.coverage,
    steps: steps.map(({ action, at, late, actor, details }) => ({
      action,
      at: at.toISOString(),
      late,
      actor,
      details: { ...details },
    })),
  };
}
