import { z } from 'zod';
import { isoInstantSchema, LondonTime } from '../shared/london-time.js';
import { type OdsCode, odsCodeSchema } from '../shared/ods-code.js';
import { type WorkingCalendar } from '../shared/working-calendar.js';
import { lineOf } from '../shared/text.schema.js';

/**
 * How far a declaration has come, in the order of the path. `returned` stands after `declared`: only what was declared
 * can be returned. PostgreSQL holds the same order in its enum type of the same name.
 */
export const DECLARATION_STATUSES = [
  'not-declared',
  'declared',
  'returned',
  'approved',
  'financially-approved',
] as const;
export type DeclarationStatus = (typeof DECLARATION_STATUSES)[number];

/** Where one practice stands with one service in one period, as CQRS last said. */
export interface Declaration {
  readonly organisationCode: OdsCode;
  readonly service: string;
  readonly period: string;
  readonly declarationRequired: boolean;
  readonly approvalRequired: boolean;
  readonly status: DeclarationStatus;
  /** When CQRS changed it; the newest wins, whatever the order of arrival. */
  readonly updatedAt: Date;
}

/** Less than a year that is mistyped by one, and more than any clock is wrong or a rehearsal ahead of its time. */
const MOST_AHEAD_MS = 300 * 86_400_000;

/**
 * Whether a report says that it is of a time that has not come. As the newest report wins, one with a mistyped year
 * would win over every true one for years. `now` is by the service's clock; a rehearsal of another year may be fed with
 * reports of this one, so that the machine's own has a say too.
 */
export function isOfTheFuture(updatedAt: Date, now: Date): boolean {
  return updatedAt.getTime() - Math.max(now.getTime(), Date.now()) > MOST_AHEAD_MS;
}

export const OF_THE_FUTURE = 'The time has not come yet: this report would win over every later one';

const SILENT_WORKING_DAYS = 2;

/**
 * Whether reports have stayed away: none ever came, or none on this working day (Europe/London) and the one before.
 * What they last said is then no ground to tell anybody that they hold a payment up.
 */
export function isSilent(heardAt: Date | null, now: Date, calendar: WorkingCalendar): boolean {
  if (heardAt === null) return true;
  const dayOf = (instant: Date) => LondonTime.fromInstant(instant).date;
  return calendar.workingDaysBetween(dayOf(heardAt), dayOf(now)) >= SILENT_WORKING_DAYS;
}

const nameSchema = lineOf({ min: 1, max: 200 });

/** One declaration as the CQRS platform posts it. */
export const declarationSchema = z
  .object({
    organisationCode: odsCodeSchema,
    service: nameSchema,
    period: nameSchema,
    declarationRequired: z.boolean(),
    approvalRequired: z.boolean(),
    status: z.enum(DECLARATION_STATUSES),
    updatedAt: isoInstantSchema,
  })
  .strict()
  .meta({
    id: 'Declaration',
    examples: [
      {
        organisationCode: 'A81001',
        service: 'Quality and Outcomes Framework',
        period: '2025/26',
        declarationRequired: true,
        approvalRequired: true,
        status: 'declared',
        updatedAt: '2026-09-10T09:30:00Z',
      },
    ],
  });

/** Who may hold a payment up. */
export type Actor = 'practice' | 'commissioner';

/**
 * Who must act next before this declaration can be paid. A service that needs no declaration blocks nobody, whatever
 * its status: reminders skip it. One that needs no approval is out of everybody's hands once declared.
 */
export function blockerOf(
  declaration: Pick<Declaration, 'declarationRequired' | 'approvalRequired' | 'status'>,
): Actor | 'nobody' {
  if (!declaration.declarationRequired) return 'nobody';
  switch (declaration.status) {
    case 'not-declared':
    case 'returned':
      return 'practice';
    case 'declared':
      return declaration.approvalRequired ? 'commissioner' : 'nobody';
    case 'approved':
      return 'commissioner';
    case 'financially-approved':
      return 'nobody';
  }
}
