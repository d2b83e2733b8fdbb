import { type DynamicModule, type INestApplicationContext, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { type Composition } from './app.module.js';
import { type Config } from './platform/config/index.js';
import { connect, type DatabaseServer, ensureSchema, openDatabaseServer, placed } from './platform/database/index.js';
import { type Clock } from './shared/clock.js';
import { InvalidInputError } from './shared/errors.js';

export interface Running<A> {
  readonly app: A;
  /** Lets go of everything, in order: the application's work, its connections, the embedded server. */
  stop(): Promise<void>;
  /** What ended its work: trouble with the database says which database it is; any other error as it is. */
  explained(error: unknown): unknown;
}

export interface StartOptions {
  readonly config: Config;
  readonly logger: LoggerService;
  readonly clock?: Clock;
}

/** The service with its web server, configured and not yet listening. */
export async function createWebApplication(options: StartOptions): Promise<Running<NestExpressApplication>> {
  return create(options, async (server) => {
    const { configureHttp } = await import('./platform/http/configure-http.js');
    const routes = options.config.roles.includes('web') ? [(await import('./web.module.js')).WebModule] : [];
    const app = await NestFactory.create<NestExpressApplication>(await wholeService({ ...options, server, routes }), {
      logger: options.logger,
      abortOnError: false,
      // configureHttp sets bounded ones.
      bodyParser: false,
    });
    configureHttp(app, options.config);
    return app;
  });
}

/** Modules without a web server and its routes, for the terminal; the whole service unless a smaller root is given. */
export async function createContext(
  options: StartOptions,
  root: (composition: Composition) => DynamicModule | Promise<DynamicModule> = wholeService,
): Promise<Running<INestApplicationContext>> {
  return create(options, async (server) =>
    NestFactory.createApplicationContext(await root({ ...options, server }), {
      logger: options.logger,
      abortOnError: false,
    }),
  );
}

/** Loaded when it is wanted: a command with a smaller root starts in a third of the time without it. */
async function wholeService(composition: Composition): Promise<DynamicModule> {
  const { AppModule } = await import('./app.module.js');
  return AppModule.compose(composition);
}

async function create<A extends INestApplicationContext>(
  { config }: StartOptions,
  build: (server: DatabaseServer) => Promise<A>,
): Promise<Running<A>> {
  const server = await openDatabaseServer(config);
  try {
    const db = connect(server.connectionString, 1);
    await ensureSchema(db, config).finally(() => db.destroy());
    const app = await build(server);
    return {
      app,
      async stop() {
        try {
          await app.close();
        } finally {
          await server.release();
        }
      },
      explained: (error) => placed(error, server),
    };
  } catch (error) {
    try {
      const { closeLeftOverQueues } = await import('./platform/jobs/index.js');
      await closeLeftOverQueues(server);
    } finally {
      await server.release();
    }
    throw placed(error, server);
  }
}

/** The same fault by the name of the setting, where it is one of HOST or PORT. */
export function cannotListen(fault: NodeJS.ErrnoException): Error {
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(fault.code ?? ''))
    return new InvalidInputError('bad-host', 'HOST: this machine has no such address', { cause: fault });
  if (fault.code === 'EACCES')
    return new InvalidInputError('bad-port', 'PORT: this user may not listen there', { cause: fault });
  return fault;
}
