import { Module } from '@nestjs/common';
import { DirectoryController } from './directory.controller.js';
import { DirectoryModule } from './directory.module.js';
import { ImportController } from './import.controller.js';

/** The directory over HTTP. Apart, as a terminal or a worker needs none of it. */
@Module({ imports: [DirectoryModule], controllers: [DirectoryController, ImportController] })
export class DirectoryApiModule {}
