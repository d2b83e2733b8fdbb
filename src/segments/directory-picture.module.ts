import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { DirectoryPictureRepository } from './directory-picture.repository.js';
import { DirectoryPicture } from './directory.picture.js';
import { SegmentsModule } from './segments.module.js';

/** What is kept of everybody, for pages and the API. */
@Module({
  imports: [DirectoryModule, SegmentsModule],
  providers: [DirectoryPictureRepository, DirectoryPicture],
  exports: [DirectoryPictureRepository, DirectoryPicture],
})
export class DirectoryPictureModule {}
