import { type NestExpressApplication } from '@nestjs/platform-express';
import { type RequestHandler } from 'express';
import { apiDocument } from './api-document.js';

/** Answers with the API description, which is no secret. It is made once, when somebody first asks. */
export function apiDocumentRoute(app: NestExpressApplication): RequestHandler {
  let text: string | undefined;
  return (request, response, next) => {
    if (request.path !== '/' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      next();
      return;
    }
    text ??= JSON.stringify(apiDocument(app));
    response.type('application/json').send(text);
  };
}
