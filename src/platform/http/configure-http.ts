import { type NestExpressApplication } from '@nestjs/platform-express';
import cookieParser from 'cookie-parser';
import { type Config } from '../config/index.js';
import { HttpMetrics } from '../metrics/index.js';
import { HttpTraces } from '../tracing/index.js';
import { apiDocumentRoute } from './api-document.route.js';
import { bodyParsers } from './body-parsers.js';
import { machinesOnly } from './machines-only.js';
import { ProblemFilter } from './problem.filter.js';
import { ProblemPages } from './problem.pages.js';
import { SchemaPipe } from './schema.pipe.js';
import { securityHeaders } from './security-headers.js';
import { singleHost } from './single-host.js';
import { answerUnreadRequests } from './unread-requests.js';

/**
 * Sets up the application: headers, body limits, validation, problem documents. main.ts and the tests both call it,
 * before `init` or `listen` (Nest leaves its own body parsers out when it finds these).
 */
export function configureHttp(app: NestExpressApplication, config: Config): void {
  app.set('trust proxy', config.trustProxy);
  app.set('query parser', 'simple');
  // Express's own ETag is a weak hash of the body: If-Match would never fit it.
  app.set('etag', false);
  app.disable('x-powered-by');
  app.use(
    app.get(HttpMetrics).middleware(),
    ...app.get(HttpTraces).middleware(),
    ...securityHeaders(config),
    singleHost,
    ...machinesOnly(config),
    cookieParser(),
    ...bodyParsers(),
  );
  answerUnreadRequests(app.getHttpServer());
  app.use('/api/v1/openapi.json', apiDocumentRoute(app));
  app.useGlobalPipes(new SchemaPipe());
  app.useGlobalFilters(new ProblemFilter(app.get(ProblemPages)));
}
