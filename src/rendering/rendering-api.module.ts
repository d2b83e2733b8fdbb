import { Module } from '@nestjs/common';
import { RenderingModule } from './rendering.module.js';
import { TemplateController } from './template.controller.js';

/** Templates over HTTP. */
@Module({ imports: [RenderingModule], controllers: [TemplateController] })
export class RenderingApiModule {}
