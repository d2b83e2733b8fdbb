import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { DeliveryModule } from './delivery.module.js';
import { MessageController } from './message.controller.js';
import { MessageDesk } from './message.desk.js';
import { SuppressionController } from './suppression.controller.js';
import { SuppressionDesk } from './suppression.desk.js';
import { SuppressionListing } from './suppression.listing.js';
import { DeliveryHealth } from './delivery.health.js';
import { TrialRecord } from './trial.record.js';

/** Messages and suppressions over HTTP, and the transport in `/health/ready`. */
@Module({
  imports: [DeliveryModule, DirectoryModule],
  controllers: [MessageController, SuppressionController],
  providers: [MessageDesk, SuppressionDesk, SuppressionListing, DeliveryHealth, TrialRecord],
  exports: [MessageDesk, SuppressionDesk, TrialRecord],
})
export class DeliveryApiModule {}
