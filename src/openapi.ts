import { type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { loadConfig } from './platform/config/index.js';
import { apiDocument } from './platform/api/index.js';
import { WebModule } from './web.module.js';

const OPTIONS: NestApplicationOptions = { preview: true, logger: false, abortOnError: false };

/** The text of openapi.json. Reads the routes only: no database is opened and no provider made. */
export async function describeApi(): Promise<string> {
  const config = loadConfig({ NODE_ENV: 'test', SECRET: 'nothing is signed while the API is described' });
  const server = { connectionString: 'postgres://127.0.0.1/none', embedded: false, release: () => Promise.resolve() };
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.compose({ config, server, routes: [WebModule] }),
    OPTIONS,
  );
  return `${JSON.stringify(apiDocument(app), undefined, 2)}\n`;
}
