import { type NestExpressApplication } from '@nestjs/platform-express';
import { type RequestHandler } from 'express';

/** Answers with the API description, which is no secret. It is made once, when somebody first asks. */
export function apiDocumentRoute(app: NestExpressApplication): RequestHandler {
  let text: Promise<string> | undefined;
  return async (request, response, next) => {
    if (request.path !== '/' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      next();
      return;
    }
    text ??= import('../api/api-document.js').then(({ apiDocument }) => JSON.stringify(apiDocument(app)));
    response.type('application/json').send(await text);
  };
}
