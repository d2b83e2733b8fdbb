import { Controller, Get, Header, Param, Query, Req, Res } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { RequirePermission } from '../access/index.js';
import { CaptureInbox } from '../delivery/index.js';
import { contentSecurity } from '../platform/http/index.js';
import { Pages } from './pages.js';

const text = z.string().trim().max(200).optional();
const searchSchema = z.object({
  to: text,
  subject: text,
  text,
  after: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

/** An e-mail's own HTML: its styles count, its scripts never run, and it reaches nobody. */
const emailPolicy = contentSecurity({
  styleSrc: ["'unsafe-inline'"],
  scriptSrc: ["'none'"],
  connectSrc: ["'none'"],
  frameAncestors: ["'self'"],
  sandbox: [],
});

/** The capture inbox, as pages and as JSON (`Accept: application/json`). */
@Controller('inbox')
@RequirePermission('message:read')
export class InboxController {
  constructor(
    private readonly inbox: CaptureInbox,
    private readonly pages: Pages,
  ) {}

  @Get()
  async list(
    @Query({ schema: searchSchema }) query: z.infer<typeof searchSchema>,
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
    response.send(
      this.pages.render('inbox', {
        title: 'Captured mail',
        section: 'inbox',
        items,
        total,
        search: wordsOf(search),
        searching: Object.keys(wordsOf(search)).length > 0,
        next: older && `/inbox?${older.toString()}`,
      }),
    );
  }

  @Get(':id')
  async show(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
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
    response.send(this.pages.render('inbox-message', { title: message.subject, section: 'inbox', message }));
  }

  @Get(':id/html')
  @Header('Content-Type', 'text/html; charset=utf-8')
  async html(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { html } = await this.inbox.get(id);
    response.removeHeader('Content-Security-Policy');
    emailPolicy(request, response, () =>
      response.send(html ?? '<!doctype html><title>No HTML</title><p>This message has no HTML part.</p>'),
    );
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
