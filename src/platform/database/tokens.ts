import { Inject } from '@nestjs/common';

export const DATABASE = Symbol('Database');
export const DATABASE_SERVER = Symbol('DatabaseServer');

/** Injects the shared `Kysely` pool; each repository types it with the tables it declares. */
export const InjectDatabase = (): ParameterDecorator => Inject(DATABASE);
