import { Get, Param, Query, Req, Res } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { RequirePermission, WholeCountry } from '../access/index.js';
import { CaptureInbox } from '../delivery/index.js';
import { ConsoleController, PageFrame } from './console-routes.js';
import { sendEmail } from './email.frame.js';
import { type Frame, Pages } from './pages.js';

const text = z.string().trim().max(200).optional();
const searchSchema = z.object({
  to: text,
  subject: text,
  text,
  after: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

const NO_HTML = '<!doctype html><html lang="en-GB"><title>No HTML</title><p>This message has no HTML part.</p></html>';

/** The capture inbox, as pages and as JSON (`Accept: application/json`). */
@ConsoleController('inbox')
@RequirePermission('message:read')
@WholeCountry()
export class InboxController {
  constructor(
    private readonly inbox: CaptureInbox,
    private readonly pages: Pages,
  ) {}

  @Get()
  async list(
    @Query({ schema: searchSchema }) query: z.infer<typeof searchSchema>,
    @PageFrame() frame: Frame,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const search = { ...wordsOf(query), limit: query.limit, ...(query.after !== undefined && { after: query.after }) };
    const { items, next } = await this.inbox.search(search);
    const total = await this.inbox.count();
    if (request.accepts('html', 'json') === 'json') {
      response.json({ total, items, next: next ?? null });
      return;
    }
    const older = next && new URLSearchParams({ ...wordsOf(search), after: next, limit: String(search.limit) });
    const values = {
      title: 'Captured mail',
      section: 'inbox',
      items,
      total,
      search: wordsOf(search),
      searching: Object.keys(wordsOf(search)).length > 0,
      next: older && `/inbox?${older.toString()}`,
    };
    response.send(this.pages.render('inbox', values, frame));
  }

  @Get(':id')
  async show(
    @Param('id') id: string,
    @PageFrame() frame: Frame,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const message = await this.inbox.get(id);
    if (request.accepts('html', 'json') === 'json') {
      const { raw, attachments, ...rest } = message;
      response.json({
        ...rest,
        bytes: raw.length,
        attachments: attachments.map(({ filename, contentType, content }) => ({
          filename,
          contentType,
          bytes: content.length,
        })),
      });
      return;
    }
    const values = { title: message.subject, section: 'inbox', message };
    response.send(this.pages.render('inbox-message', values, frame));
  }

  @Get(':id/html')
  async html(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { html } = await this.inbox.get(id);
    sendEmail(html ?? NO_HTML, request, response);
  }
}

/** What is searched for; a form sends an empty field for what is not. */
function wordsOf({ to, subject, text: words }: z.infer<typeof searchSchema>): {
  to?: string;
  subject?: string;
  text?: string;
} {
  return { ...(to && { to }), ...(subject && { subject }), ...(words && { text: words }) };
}
