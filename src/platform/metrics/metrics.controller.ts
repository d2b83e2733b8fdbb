import { Controller, Get, Inject, Res, SetMetadata } from '@nestjs/common';
import { type Response } from 'express';
import { Registry } from 'prom-client';
import { PERMISSION } from '../http/route-access.js';
import { METRICS } from './tokens.js';

@Controller('metrics')
export class MetricsController {
  constructor(@Inject(METRICS) private readonly registry: Registry) {}

  @Get()
  @SetMetadata(PERMISSION, 'metrics:read')
  async metrics(@Res() response: Response): Promise<void> {
    response.type(this.registry.contentType).send(await this.registry.metrics());
  }
}
