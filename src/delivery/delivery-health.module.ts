import { Module } from '@nestjs/common';
import { DeliveryHealth } from './delivery.health.js';
import { DeliveryModule } from './delivery.module.js';

/** The transports in `/health/ready`. Needs HealthModule from the root module. */
@Module({ imports: [DeliveryModule], providers: [DeliveryHealth] })
export class DeliveryHealthModule {}
