import { Module } from '@nestjs/common';
import { DEFAULT_TEMPLATES_DIR, TemplateCatalogue, TEMPLATES_DIR } from './template.catalogue.js';

@Module({
  providers: [{ provide: TEMPLATES_DIR, useValue: DEFAULT_TEMPLATES_DIR }, TemplateCatalogue],
  exports: [TemplateCatalogue],
})
export class RenderingModule {}
