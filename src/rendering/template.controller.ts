import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { RequirePermission } from '../access/index.js';
import { ApiProblems } from '../platform/api/index.js';
import { type RenderedMessage } from './compiled.template.js';
import { type LintFinding } from './lint.finding.js';
import { lintTemplate } from './lint.template.js';
import {
  lintSchema,
  previewSchema,
  renderedSchema,
  templateListSchema,
  templateNameSchema,
  templateSchema,
  type TemplateSummary,
  templateSummary,
  type TemplateView,
  templateView,
} from './template.api.js';
import { TemplateCatalogue } from './template.catalogue.js';

/** Email templates as they were compiled at the start. */
@ApiTags('Templates')
@ApiBearerAuth()
@RequirePermission('template:read')
@Controller('api/v1/templates')
export class TemplateController {
  constructor(private readonly catalogue: TemplateCatalogue) {}

  @Get()
  @ApiOperation({ summary: 'List templates' })
  @ApiOkResponse({ standardSchema: templateListSchema, description: 'In alphabetical order' })
  @ApiProblems()
  list(): { items: TemplateSummary[] } {
    return { items: this.catalogue.names().map((name) => templateSummary(this.catalogue.get(name))) };
  }

  @Get(':name')
  @ApiOperation({ summary: 'Read what a template needs and carries' })
  @ApiOkResponse({ standardSchema: templateSchema })
  @ApiProblems(400, 404)
  get(@Param('name', { schema: templateNameSchema }) name: string): TemplateView {
    return templateView(this.catalogue.get(name));
  }

  @Post(':name/preview')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Render a template with its sample or with given values',
    description: 'The same function as a real send. Nothing is kept and nothing is sent.',
  })
  @ApiOkResponse({ standardSchema: renderedSchema })
  @ApiProblems(400, 404, 413, 415)
  preview(
    @Param('name', { schema: templateNameSchema }) name: string,
    @Body({ schema: previewSchema }) { values }: z.infer<typeof previewSchema>,
  ): RenderedMessage {
    const template = this.catalogue.get(name);
    return template.render(values ?? template.sample);
  }

  @Get(':name/lint')
  @ApiOperation({ summary: 'Check a template, and its sample as rendered' })
  @ApiOkResponse({ standardSchema: lintSchema, description: 'Empty when there is no fault' })
  @ApiProblems(400, 404)
  lint(@Param('name', { schema: templateNameSchema }) name: string): { findings: LintFinding[] } {
    return { findings: lintTemplate(this.catalogue.get(name)) };
  }
}
