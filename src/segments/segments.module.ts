import { Module } from '@nestjs/common';
import { ReadinessService } from './readiness.service.js';
import { SegmentRepository } from './segment.repository.js';
import { SegmentsService } from './segments.service.js';

/** Needs the database from the root module. */
@Module({
  providers: [SegmentRepository, SegmentsService, ReadinessService],
  exports: [SegmentsService, ReadinessService],
})
export class SegmentsModule {}
