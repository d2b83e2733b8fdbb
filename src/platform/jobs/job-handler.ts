import { SetMetadata } from '@nestjs/common';
import { type JobName, type JobPayload } from './job-map.js';

export const HANDLES_JOB = Symbol('HandlesJob');

/** Marks the one provider that does jobs of this name. The start fails when a name has none or two. */
export const HandlesJob = (name: JobName): ClassDecorator => SetMetadata(HANDLES_JOB, name);

export interface JobContext {
  /** Aborted when the service is asked to stop: finish what is in flight and return. */
  readonly signal: AbortSignal;
}

export interface JobHandler<N extends JobName> {
  handle(payload: JobPayload<N>, context: JobContext): Promise<void>;
}
