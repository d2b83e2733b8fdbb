import { Body, Get, Post, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { RequirePermission, WholeCountry } from '../access/index.js';
import { MailStop, stopReasonSchema } from '../delivery/index.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { faultsOf, type FormFaults, NO_FAULTS } from './form.faults.js';
import { type Frame, Pages } from './pages.js';

const formSchema = z.object({ reason: z.string().default('') });
/** When the stop began that the page showed: one for another reason is not for its reader to end. */
const endSchema = z.object({ since: z.coerce.date() });

/** The switch that stops all mail, behind a page that says what it does. */
@ConsoleController('delivery/stop')
@RequirePermission('campaign:operate')
@WholeCountry()
export class StopMailController {
  constructor(
    private readonly mail: MailStop,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  ask(@PageFrame() frame: Frame): string {
    return this.page(frame, { reason: '', faults: NO_FAULTS });
  }

  @Post()
  async stop(
    @Body({ schema: formSchema }) { reason }: z.infer<typeof formSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const parsed = stopReasonSchema.safeParse(reason);
    if (!parsed.success) {
      const faults = faultsOf([
        { field: 'reason', message: 'Enter the reason, in one line of at most 300 characters' },
      ]);
      sendFaults(response, this.page(frame, { reason, faults }));
      return;
    }
    await this.mail.stop(parsed.data, frame.principal.id);
    response.redirect(303, '/delivery?done=stopped');
  }

  @Post('end')
  async end(
    @Body({ schema: endSchema }) { since }: z.infer<typeof endSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    await this.mail.resume(frame.principal.id, since);
    response.redirect(303, '/delivery?done=goes-on');
  }

  private page(frame: Frame, values: { reason: string; faults: FormFaults }): string {
    return this.pages.render('stop-mail', { title: 'Stop all mail', section: 'delivery', ...values }, frame);
  }
}
