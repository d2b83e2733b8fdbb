import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { DirectoryPictureModule } from './directory-picture.module.js';
import { SegmentsController } from './segments.controller.js';
import { SegmentsModule } from './segments.module.js';

/** Segments and readiness over HTTP. */
@Module({ imports: [SegmentsModule, DirectoryModule, DirectoryPictureModule], controllers: [SegmentsController] })
export class SegmentsApiModule {}
