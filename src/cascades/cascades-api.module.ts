import { Module } from '@nestjs/common';
import { CampaignsModule } from '../campaigns/index.js';
import { DeadlinesModule } from '../deadlines/index.js';
import { DirectoryModule } from '../directory/index.js';
import { AnswerController } from './answer.controller.js';
import { CascadeController } from './cascade.controller.js';
import { CascadesModule } from './cascades.module.js';
import { TellingController } from './telling.controller.js';

/** Cascades over HTTP: the API, and the pages behind the links in emails. */
@Module({
  imports: [CascadesModule, DirectoryModule, CampaignsModule, DeadlinesModule],
  controllers: [AnswerController, CascadeController, TellingController],
})
export class CascadesApiModule {}
