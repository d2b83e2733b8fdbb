import { Global, Module } from '@nestjs/common';

export const UNCHANGING_DIRECTORY = Symbol('UnchangingDirectory');

/**
 * Put beside `SegmentsModule` it promises that nobody imports anything while the process lasts, as in a simulation on a
 * copy: everybody is then classified once and kept in memory.
 */
@Global()
@Module({
  providers: [{ provide: UNCHANGING_DIRECTORY, useValue: true }],
  exports: [UNCHANGING_DIRECTORY],
})
export class UnchangingDirectoryModule {}
