import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { TemplateCatalogue, TEMPLATES_DIR } from './template.catalogue.js';

/** `templates/` of the project, from src/rendering as well as from dist/rendering. */
export const DEFAULT_TEMPLATES_DIR = join(import.meta.dirname, '..', '..', 'templates');

@Module({
  providers: [{ provide: TEMPLATES_DIR, useValue: DEFAULT_TEMPLATES_DIR }, TemplateCatalogue],
  exports: [TemplateCatalogue],
})
export class RenderingModule {}
