import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { DeadlinesModule } from './deadlines.module.js';
import { DeclarationController } from './declaration.controller.js';
import { WindowController } from './window.controller.js';

/** Declaration windows and statuses over HTTP. */
@Module({ imports: [DeadlinesModule, DirectoryModule], controllers: [WindowController, DeclarationController] })
export class DeadlinesApiModule {}
