import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../platform/config/index.js';
import { TemplateCatalogue, TEMPLATES_DIR } from './template.catalogue.js';

@Module({
  providers: [
    { provide: TEMPLATES_DIR, inject: [CONFIG], useFactory: ({ templatesDir }: Config) => templatesDir },
    TemplateCatalogue,
  ],
  exports: [TemplateCatalogue],
})
export class RenderingModule {}
