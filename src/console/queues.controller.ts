import { All, Next, Req, Res } from '@nestjs/common';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { RequirePermission, WholeCountry } from '../access/index.js';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { JobQueue, QUEUES } from '../platform/jobs/index.js';
import { contentSecurity } from '../platform/http/index.js';
import { ConsoleController, PageFrame } from './console-routes.js';
import { type Frame } from './pages.js';

const PATH = '/queues';

/** The board's own page styles its parts as it goes, names its base, and asks a third-party host for a font, which it does without. */
const boardPolicy = contentSecurity({ styleSrc: ["'self'", "'unsafe-inline'"], baseUri: ["'self'"] });

/**
 * Bull Board, behind the same guards as every page. Its script sends back the cookie XSRF-TOKEN as a header, which
 * `boardToken` hands to the guard.
 */
@ConsoleController('queues')
@RequirePermission('queue:operate')
@WholeCountry()
export class QueuesController {
  private readonly board: RequestHandler;

  constructor(
    queues: JobQueue,
    @InjectConfig() private readonly config: Config,
  ) {
    const adapter = new ExpressAdapter();
    adapter.setBasePath(PATH);
    createBullBoard({
      queues: QUEUES.map((name) => new BullMQAdapter(queues.queue(name))),
      serverAdapter: adapter,
      options: { uiConfig: { boardTitle: 'CQRS comms', locale: { lng: 'en' } } },
    });
    this.board = adapter.getRouter() as RequestHandler;
  }

  @All(['', '{*path}'])
  open(
    @Req() request: Request,
    @Res() response: Response,
    @Next() next: NextFunction,
    @PageFrame() { csrf }: Frame,
  ): void {
    response.cookie('XSRF-TOKEN', csrf, {
      sameSite: 'strict',
      path: PATH,
      secure: this.config.publicUrl?.startsWith('https:') ?? false,
    });
    response.removeHeader('Content-Security-Policy');
    boardPolicy(request, response, () => {
      // The board is an application of its own and knows its addresses without ours in front.
      request.url = request.originalUrl.slice(PATH.length) || '/';
      this.board(request, response, next);
    });
  }
}

/** Runs before the guards: what the board's script calls X-XSRF-TOKEN is our X-CSRF-Token. */
export function boardToken(request: Request, _response: Response, next: NextFunction): void {
  const token = request.headers['x-xsrf-token'];
  if (token !== undefined) request.headers['x-csrf-token'] = token;
  next();
}
