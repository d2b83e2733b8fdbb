import { Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { AuditTrail, RequirePermission } from '../access/index.js';
import { Retention, RETENTION_CLASSES, RETENTION_DAYS } from '../campaigns/index.js';
import { calendarDateSchema, LondonTime } from '../shared/london-time.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { faultsOf, NO_FAULTS } from './form.faults.js';
import { typedDay } from './form.text.js';
import { type Frame, Pages } from './pages.js';
import { RETENTION_WORDS } from './words.js';

const PURGES_SHOWN = 10;

/** A date as the three fields of the form; none of them is the next purge. */
const field = z.string().trim().max(4).default('');
const askedSchema = z.object({ day: field, month: field, year: field });

/** How long personal data is kept, and what the coming purges take out. */
@ConsoleController('settings/retention')
@RequirePermission('audit:read')
export class SettingsRetentionController {
  constructor(
    private readonly retention: Retention,
    private readonly audit: AuditTrail,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async show(
    @Query({ schema: askedSchema }) asked: z.infer<typeof askedSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const next = this.retention.nextPurge();
    const isAsked = asked.day !== '' || asked.month !== '' || asked.year !== '';
    const wanted = isAsked ? dayOf(asked) : next.date;
    const faults =
      wanted === undefined ? faultsOf([{ field: 'day', message: 'Enter a real date, like 27 3 2027' }]) : NO_FAULTS;
    const at = wanted === undefined || !isAsked ? next : LondonTime.at(wanted, '03:15');
    const due = await this.retention.dueAt(at.toInstant());
    const values = {
      title: 'How long data is kept',
      section: 'settings',
      faults,
      asked,
      isAsked: isAsked && wanted !== undefined,
      at,
      next,
      classes: RETENTION_CLASSES.map((of) => ({ ...RETENTION_WORDS[of], days: RETENTION_DAYS[of], due: due[of] })),
      words: RETENTION_WORDS,
      purges: await this.audit.entries({ subject: 'retention', limit: PURGES_SHOWN }),
    };
    return this.pages.render('settings-retention', values, frame);
  }
}

function dayOf({ day, month, year }: z.infer<typeof askedSchema>) {
  const parsed = calendarDateSchema.safeParse(typedDay(year, month, day));
  return parsed.success ? parsed.data : undefined;
}
