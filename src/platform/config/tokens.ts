import { Inject } from '@nestjs/common';

export const CONFIG = Symbol('Config');

/** Injects the validated configuration, a value that never changes while the process lives. */
export const InjectConfig = (): ParameterDecorator => Inject(CONFIG);
